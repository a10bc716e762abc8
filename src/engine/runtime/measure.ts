/** How fast this machine multiplies matrices. */
import * as ort from 'onnxruntime-node';
import { ElementType, Graph } from '../onnx/graph.js';

/** Rows of the measured product: what a batch of answers has. */
const ROWS = 64;
/**
 * A busy machine lets a thread that was idle run for a few hundredths of a second as if it were alone: the measurement
 * lasts longer than that.
 */
const LEAST_SECONDS = 0.3;
const MOST_ROUNDS = 1000;

/** Operations per second of `[64, width] · [width, inner]`, with so many threads. */
export async function measureFlops(
  width: number,
  inner: number,
  threads: number,
  precision: 'float32' | 'float64' = 'float32',
): Promise<number> {
  const [type, Values] =
    precision === 'float32'
      ? ([ElementType.FLOAT, Float32Array] as const)
      : ([ElementType.DOUBLE, Float64Array] as const);
  const graph = new Graph();
  const a = graph.input('a', type, [ROWS, width]);
  const b = graph.input('b', type, [width, inner]);
  graph.output('c', graph.node('MatMul', [a, b]), type, [ROWS, inner]);
  const session = await ort.InferenceSession.create(graph.encode(), {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
  try {
    const feeds = {
      a: new ort.Tensor(precision, new Values(ROWS * width).fill(0.5), [ROWS, width]),
      b: new ort.Tensor(precision, new Values(width * inner).fill(0.5), [width, inner]),
    };
    await session.run(feeds);
    const begin = performance.now();
    let rounds = 0;
    let seconds = 0;
    while (seconds < LEAST_SECONDS && rounds < MOST_ROUNDS) {
      await session.run(feeds);
      rounds++;
      seconds = (performance.now() - begin) / 1000;
    }
    return (rounds * 2 * ROWS * width * inner) / seconds;
  } finally {
    await session.release();
  }
}
