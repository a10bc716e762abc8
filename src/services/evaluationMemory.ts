/** What was evaluated lately: data to offer again, and requests whose runs can be continued. Keys are never kept. */
import type { EvaluationQuestion } from '../protocol/hostApi.js';
import { checkpointOf } from './checkpointPath.js';
import type { Store } from './probeMemory.js';

const KEY = 'frankenstein.evaluations';
const KEPT = 20;

export class EvaluationMemory {
  constructor(private readonly store: Store) {}

  private get questions(): EvaluationQuestion[] {
    const kept: unknown = this.store.get(KEY);
    return Array.isArray(kept) ? (kept as EvaluationQuestion[]) : [];
  }

  async remember({ grader: _, describer: __, ...question }: EvaluationQuestion): Promise<void> {
    const text = JSON.stringify(question);
    await this.store.update(KEY, [question, ...this.questions.filter((other) => JSON.stringify(other) !== text)].slice(0, KEPT));
  }

  /** Data of earlier evaluations, the latest first. */
  data(): string[] {
    return [...new Set(this.questions.map(({ data }) => data))];
  }

  /** The latest question that a run over these checkpoints may have answered. */
  questionOf(run: { kind: string; labels: readonly string[]; paths: readonly string[] }): EvaluationQuestion | undefined {
    const key = (places: readonly string[]) => JSON.stringify(places.map(checkpointOf));
    return this.questions.find((question) => (question.kind ?? 'evaluate') === run.kind && key(question.checkpoints.map(({ path }) => path)) === key(run.paths));
  }
}
