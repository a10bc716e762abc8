/** What was probed lately: data files to offer again, and requests whose runs can be continued. */
import type { ProbeQuestion } from '../protocol/hostApi.js';
import { checkpointOf } from './checkpointPath.js';

/** The part of `vscode.Memento` that is needed. */
export interface Store {
  get<T>(key: string): T | undefined;
  update(key: string, value: unknown): PromiseLike<void>;
}

const KEY = 'frankenstein.probes';
const KEPT = 30;

export class ProbeMemory {
  constructor(private readonly store: Store) {}

  private get questions(): ProbeQuestion[] {
    const kept: unknown = this.store.get(KEY);
    return Array.isArray(kept) ? (kept as ProbeQuestion[]) : [];
  }

  async remember(questions: readonly ProbeQuestion[]): Promise<void> {
    const texts = new Set(questions.map((question) => JSON.stringify(question)));
    const older = this.questions.filter((question) => !texts.has(JSON.stringify(question)));
    await this.store.update(KEY, [...questions, ...older].slice(0, KEPT));
  }

  /** Data of earlier probes of a kind, the latest first. */
  data(kind: ProbeQuestion['kind']): string[] {
    return [...new Set(this.questions.filter((question) => question.kind === kind).map(({ data }) => data))];
  }

  /** The latest question that a run over these checkpoints may have answered. */
  questionOf(run: { probe?: ProbeQuestion['kind'] | undefined; paths: readonly string[] }): ProbeQuestion | undefined {
    const key = (paths: readonly string[]) => JSON.stringify(paths.map(checkpointOf));
    return this.questions.find((question) => question.kind === run.probe && key(question.checkpoints.map(({ path }) => path)) === key(run.paths));
  }
}
