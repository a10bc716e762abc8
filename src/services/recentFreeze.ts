/** What was chosen for a freeze experiment lately, to begin with the next time. */
import * as v from 'valibot';
import { OUTSIDE } from '../engine/analyses/verify/request.js';
import { TRAINERS } from '../engine/freeze/schema.js';
import type { Store } from './recentQuestions.js';

const KEY = 'frankenstein.freeze';
/** Files of questions that are offered again. */
const KEPT = 10;

/** Each field falls back alone: what is kept survives versions of the extension. */
const Choices = v.object({
  trainer: v.fallback(v.picklist(TRAINERS), 'trl'),
  also: v.fallback(v.array(v.picklist(OUTSIDE)), ['vision', 'projector']),
  method: v.fallback(v.picklist(['full', 'lora']), 'full'),
  device: v.fallback(v.picklist(['cuda', 'cpu']), 'cuda'),
  freeze: v.fallback(v.string(), 'early, mid, late'),
  data: v.fallback(v.array(v.string()), []),
  questions: v.fallback(v.array(v.string()), []),
});
export type FreezeChoices = v.InferOutput<typeof Choices>;

export class RecentFreeze {
  constructor(private readonly store: Store) {}

  get choices(): FreezeChoices {
    const kept: unknown = this.store.get(KEY);
    return v.parse(Choices, typeof kept === 'object' && kept !== null ? kept : {});
  }

  async remember(choices: Partial<Omit<FreezeChoices, 'data' | 'questions'>>): Promise<void> {
    await this.store.update(KEY, { ...this.choices, ...choices });
  }

  /** `data`: what was trained on; `questions`: what a report asked. */
  async used(kind: 'data' | 'questions', file: string): Promise<void> {
    const { choices } = this;
    const files = [file, ...choices[kind].filter((one) => one !== file)].slice(0, KEPT);
    await this.store.update(KEY, { ...choices, [kind]: files });
  }
}
