/**
 * Sessions of graphs over matrices of any size, kept as long as the worker: making one takes longer than a small
 * product.
 */
import * as ort from 'onnxruntime-node';
import type { Graph } from '../../onnx/graph.js';

export class Sessions {
  private static readonly kept = new Map<number, Sessions>();
  private readonly sessions = new Map<string, Promise<ort.InferenceSession>>();

  private constructor(private readonly threads: number) {}

  static of(threads: number): Sessions {
    const sessions = Sessions.kept.get(threads) ?? new Sessions(threads);
    Sessions.kept.set(threads, sessions);
    return sessions;
  }

  /** The session of the graph that has this name in the process, made when first asked for. */
  get(name: string, build: () => Graph): Promise<ort.InferenceSession> {
    let session = this.sessions.get(name);
    if (session === undefined) {
      session = ort.InferenceSession.create(build().encode(), {
        intraOpNumThreads: this.threads,
        interOpNumThreads: 1,
        enableMemPattern: false, // sizes are never the same for long
        extra: { session: { intra_op: { allow_spinning: '0' } } },
      });
      this.sessions.set(name, session);
    }
    return session;
  }
}
