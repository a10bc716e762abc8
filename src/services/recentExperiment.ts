/** What was chosen for a new experiment lately, to begin with the next time. */
import * as v from 'valibot';
import type { Store } from './recentQuestions.js';

const KEY = 'frankenstein.experiment';

/** Each field falls back alone: what is kept survives versions of the extension. */
const Choices = v.object({
  data: v.fallback(v.array(v.string()), []),
  parts: v.fallback(v.array(v.string()), ['compare', 'spectrum', 'evaluate']),
});
export type ExperimentChoices = v.InferOutput<typeof Choices>;

/** Files of questions that are offered again. */
const KEPT = 10;

export class RecentExperiment {
  constructor(private readonly store: Store) {}

  get choices(): ExperimentChoices {
    const kept: unknown = this.store.get(KEY);
    return v.parse(Choices, typeof kept === 'object' && kept !== null ? kept : {});
  }

  async remember(data: string | undefined, parts: readonly string[]): Promise<void> {
    const known = this.choices.data;
    const files = data === undefined ? known : [data, ...known.filter((one) => one !== data)].slice(0, KEPT);
    await this.store.update(KEY, { data: files, parts });
  }
}
