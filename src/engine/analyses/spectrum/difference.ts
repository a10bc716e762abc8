/** The common case of reading Δ, bf16 from bf16, as WebAssembly: four times as fast as the loop for all dtypes. */
import type { Tensor } from '../../checkpoint/checkpoint.js';
import { readInto } from '../../tensors/elements.js';
import bytes from './difference.wasm';

interface Exports {
  memory: WebAssembly.Memory;
  grow(pages: number): number;
  single(before: number, after: number, target: number, count: number): number;
  double(before: number, after: number, target: number, count: number): number;
}

const PAGE = 65_536;
/** Elements at once: operands and result stay near the core. */
const STEP = 1 << 17;
const [BEFORE, AFTER, TARGET] = [PAGE, PAGE + 2 * STEP, PAGE + 4 * STEP];
const PAGES = Math.ceil((TARGET + 8 * STEP) / PAGE);

/** Instances at rest: one reader uses one at a time. */
const idle: Exports[] = [];
let compiled: Promise<WebAssembly.Module> | undefined;

async function instance(): Promise<Exports> {
  const kept = idle.pop();
  if (kept !== undefined) return kept;
  const made = new WebAssembly.Instance(await (compiled ??= WebAssembly.compile(bytes))).exports as unknown as Exports;
  if (made.grow(PAGES) < 0) throw new RangeError('WebAssembly has no memory left');
  return made;
}

/**
 * Elements from `first` on of the later tensor minus those from `firstBefore` on of the earlier, until `target` is
 * full. Both are bf16 in files. @returns whether all are finite. @throws as `readInto`.
 */
export async function readDifference(
  before: Tensor,
  firstBefore: number,
  after: Tensor,
  first: number,
  target: Float32Array | Float64Array,
  signal?: AbortSignal,
): Promise<boolean> {
  const kernel = await instance();
  const { buffer } = kernel.memory;
  const [earlier, later] = [new Uint8Array(buffer, BEFORE, 2 * STEP), new Uint8Array(buffer, AFTER, 2 * STEP)];
  const wide = target instanceof Float64Array;
  const result = wide ? new Float64Array(buffer, TARGET, STEP) : new Float32Array(buffer, TARGET, STEP);
  let isFinite = true;
  for (let done = 0; done < target.length; done += STEP) {
    const count = Math.min(STEP, target.length - done);
    await readInto(before, firstBefore + done, earlier.subarray(0, 2 * count), signal);
    await readInto(after, first + done, later.subarray(0, 2 * count), signal);
    // Eight at a time; what is left over is zero minus zero.
    const whole = Math.ceil(count / 8) * 8;
    for (const some of [earlier, later]) some.fill(0, 2 * count, 2 * whole);
    const finite = wide ? kernel.double(BEFORE, AFTER, TARGET, whole) : kernel.single(BEFORE, AFTER, TARGET, whole);
    isFinite &&= finite !== 0;
    target.set(result.subarray(0, count), done);
  }
  idle.push(kernel);
  return isFinite;
}
