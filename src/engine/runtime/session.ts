/** Sessions over graphs whose weights are file ranges. */
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import type { FileRange, Graph } from '../onnx/graph.js';

/**
 * The folder that external data is resolved against. ONNX Runtime refuses a location outside it, through symlinks
 * too, so real paths are given relative to the root they share.
 * Undefined when the files share none (two drives on Windows).
 */
export function sharedRoot(realPaths: readonly string[]): string | undefined {
  const roots = new Set(realPaths.map((file) => path.parse(file).root));
  return roots.size === 1 ? [...roots][0] : undefined;
}

/** A byte range of `realPath` as ONNX external data below `root`. */
export function fileRange(root: string, realPath: string, offset: number, length: number): FileRange {
  return { location: path.relative(root, realPath), offset, length };
}

/**
 * Creates a session that reads weights in place. Optimisation is off on purpose: constant folding would turn a
 * half-precision weight into an fp32 copy at creation, and every such graph runs once.
 * @param threads one by default: parallelism is across sessions, in workers, where it needs no synchronisation
 * (measured: linear in cores)
 */
export function createStreamingSession(graph: Graph, root: string, threads = 1): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(graph.encode(), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'disabled',
    enableMemPattern: false,
    extra: {
      session: {
        model_external_initializers_file_folder_path: root,
        disable_prepacking: '1',
        intra_op: { allow_spinning: '0' },
      },
    },
  });
}
