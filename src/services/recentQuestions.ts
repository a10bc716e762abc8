/** What was asked lately: data to offer again, and requests whose runs can be continued. */
import type { EvaluationQuestion, ProbeQuestion } from '../protocol/hostApi.js';
import { restoreRequest } from '../engine/analyses/declare/request.js';
import { evaluateRequest } from '../engine/analyses/evaluate/request.js';
import { checkpointOf } from './checkpointPath.js';
import { locationOf } from './titles.js';

/** The part of `vscode.Memento` that is needed. */
export interface Store {
  get<T>(key: string): T | undefined;
  update(key: string, value: unknown): PromiseLike<void>;
}

type Words = readonly { text: string; checkpoint?: string | undefined }[] | undefined;

class RecentQuestions<
  Q extends { data: string; checkpoints: readonly { path: string }[]; system?: Words; prefix?: Words },
> {
  constructor(
    private readonly store: Store,
    private readonly key: string,
    private readonly limit: number,
  ) {}

  /** The latest first. */
  private get questions(): Q[] {
    const stored: unknown = this.store.get(this.key);
    return Array.isArray(stored) ? (stored as Q[]) : [];
  }

  protected async replaceAll(read: (question: unknown) => Q | undefined): Promise<void> {
    const stored = this.questions;
    const known = stored.flatMap((question) => read(question) ?? []);
    if (JSON.stringify(known) !== JSON.stringify(stored)) await this.store.update(this.key, known);
  }

  protected async add(questions: readonly Q[]): Promise<void> {
    const texts = new Set(questions.map((question) => JSON.stringify(question)));
    const older = this.questions.filter((question) => !texts.has(JSON.stringify(question)));
    await this.store.update(this.key, [...questions, ...older].slice(0, this.limit));
  }

  protected dataOf(fits: (question: Q) => boolean): string[] {
    return [...new Set(this.questions.filter(fits).map(({ data }) => data))];
  }

  /** The system prompts and prefix that these checkpoints were last asked with. */
  words(paths: readonly string[]): { system?: { text: string; checkpoint?: string }[]; prefix?: { text: string }[] } {
    const asked = paths.map((path) =>
      this.questions.find(({ checkpoints }) => checkpoints.some((one) => one.path === path)),
    );
    const textFor = (words: Words, path: string) =>
      (
        words?.find(({ checkpoint }) => checkpoint === path) ??
        words?.find(({ checkpoint }) => checkpoint === undefined)
      )?.text;
    const system = paths.map((path, index) => textFor(asked[index]?.system, path));
    const prefix = asked[0] && textFor(asked[0].prefix, paths[0]!);
    const own = system.flatMap((text, index) => (text === undefined ? [] : [{ text, checkpoint: paths[index]! }]));
    const same = own.length === paths.length && own.every(({ text }) => text === own[0]!.text);
    return {
      ...(own.length > 0 && { system: same ? [{ text: own[0]!.text }] : own }),
      ...(prefix !== undefined && { prefix: [{ text: prefix }] }),
    };
  }

  /** The latest question that a run over these checkpoints may have answered. */
  protected latest(paths: readonly string[], fits: (question: Q) => boolean): Q | undefined {
    const key = (locations: readonly string[]) =>
      JSON.stringify(locations.map((location) => checkpointOf(locationOf(location))));
    return this.questions.find(
      (question) => fits(question) && key(question.checkpoints.map(({ path }) => path)) === key(paths),
    );
  }
}

export class RecentProbes extends RecentQuestions<ProbeQuestion> {
  constructor(store: Store) {
    super(store, 'frankenstein.probes', 30);
  }

  remember(questions: readonly ProbeQuestion[]): Promise<void> {
    return this.add(questions);
  }

  /** Data of earlier probes of a kind, the latest first. */
  data(kind: ProbeQuestion['kind']): string[] {
    return this.dataOf((question) => question.kind === kind);
  }

  questionOf(run: { probe?: ProbeQuestion['kind'] | undefined; paths: readonly string[] }): ProbeQuestion | undefined {
    return this.latest(run.paths, (question) => question.kind === run.probe);
  }
}

export class RecentEvaluations extends RecentQuestions<EvaluationQuestion> {
  constructor(store: Store) {
    super(store, 'frankenstein.evaluations', 20);
  }

  remember(question: EvaluationQuestion): Promise<void> {
    return this.add([question]);
  }

  /** Writes what is kept anew, as this version keeps it: what an earlier one kept besides (a key, perhaps) is gone. */
  async clean(): Promise<void> {
    await this.replaceAll((question) => restoreRequest(evaluateRequest, question));
  }

  /** Data of earlier evaluations, the latest first. */
  data(): string[] {
    return this.dataOf(() => true);
  }

  questionOf(run: {
    kind: string;
    labels: readonly string[];
    paths: readonly string[];
  }): EvaluationQuestion | undefined {
    return this.latest(run.paths, (question) => (question.kind ?? 'evaluate') === run.kind);
  }
}
