/**
 * A freeze experiment as data: what `freeze.frank.yaml` says. One IN, one data set, one trainer, and runs that differ in
 * nothing but which parameters train. Keys are spelled as in the file.
 */
import * as v from 'valibot';
import { OUTSIDE } from '../analyses/verify/request.js';

export const TRAINERS = ['trl', 'ms-swift', 'axolotl', 'verl', 'easyr1'] as const;
export type TrainerName = (typeof TRAINERS)[number];

const whole = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const text = v.pipe(v.string(), v.nonEmpty());
const selectors = v.pipe(v.array(text), v.minLength(1));

/** A run: language layers that are frozen, or the only ones that train; neither in the control. */
const RunSchema = v.strictObject({
  freeze: v.optional(selectors),
  train_only: v.optional(selectors),
  /** Of a run that was trained elsewhere: a folder, relative to the file. */
  result: v.optional(text),
});
export type RunSettings = v.InferOutput<typeof RunSchema>;

/** Names become folders. */
export const RUN_NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/;

export const FreezeSchema = v.strictObject({
  /** IN: a folder, relative to the file. */
  model: text,
  /** Questions to train on: a file, or a folder of them, relative to the file. */
  data: text,
  trainer: v.picklist(TRAINERS),
  method: v.optional(v.picklist(['full', 'lora']), 'full'),
  /** Frozen in every run, the control too. */
  also: v.optional(v.array(v.picklist(OUTSIDE)), []),
  /** First layer of Mid, first layer of Late; thirds when left out. */
  cuts: v.optional(v.tuple([whole(0, 9999), whole(0, 9999)])),
  seeds: v.optional(v.pipe(v.array(whole(0, 2 ** 32 - 1)), v.minLength(1)), [0]),
  /** Updates of the weights. */
  steps: v.optional(whole(1, 1_000_000), 100),
  /** Prompts per step, and completions per prompt. */
  prompts: v.optional(whole(1, 65_536), 8),
  completions: v.optional(whole(2, 1024), 8),
  /** Tokens. */
  max_prompt_length: v.optional(whole(1, 1_000_000), 2048),
  max_completion_length: v.optional(whole(1, 1_000_000), 512),
  temperature: v.optional(positive, 1),
  learning_rate: v.optional(positive, 1e-6),
  /** Of the KL term to IN; 0 is none. */
  kl: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0)), 0),
  lora_rank: v.optional(whole(1, 4096), 16),
  /** Of the weights while they train, and of the result. */
  precision: v.optional(v.picklist(['float32', 'bfloat16']), 'float32'),
  device: v.optional(v.picklist(['cuda', 'cpu']), 'cuda'),
  /** Steps between checkpoints of the trainer. */
  save_every: v.optional(whole(1, 1_000_000), 25),
  /** Text of a system message in front of every prompt. */
  system: v.optional(text),
  runs: v.pipe(v.record(v.pipe(text, v.regex(RUN_NAME)), RunSchema), v.minEntries(1)),
});
export type FreezeSettings = v.InferOutput<typeof FreezeSchema>;

/** What stands where nothing is said. */
export type FreezeInput = v.InferInput<typeof FreezeSchema>;

/** What each key means: hovers, completion and the documentation read this. */
export const KEY_DOCS: Readonly<Record<keyof FreezeSettings, string>> = {
  model: 'IN, the checkpoint that every run starts from: a folder, relative to this file.',
  data: 'Questions to train on: a JSONL or Parquet file, or a folder of them, relative to this file.',
  trainer: `What trains: ${TRAINERS.join(', ')}.`,
  method: 'full trains the weights themselves, lora trains adapters on the layers that are not frozen.',
  also: `Parts outside the language layers that are frozen in every run, the control too: ${OUTSIDE.join(', ')}.`,
  cuts: 'First layer of Mid and first layer of Late, such as [9, 18]. Thirds when left out.',
  seeds: 'Every run is trained once per seed.',
  steps: 'Updates of the weights, the same for all runs.',
  prompts: 'Prompts per step.',
  completions: 'Completions per prompt: the group of GRPO.',
  max_prompt_length: 'Tokens of a prompt, images included.',
  max_completion_length: 'New tokens per completion.',
  temperature: 'Of sampling.',
  learning_rate: 'Constant after a warm-up of a twentieth of the steps.',
  kl: 'Weight of the KL term to IN; 0 leaves it out.',
  lora_rank: 'Rank of the adapters, whose alpha is twice the rank.',
  precision: 'Dtype of the weights while they train, and of the result. bfloat16 loses updates below half a step.',
  device: 'cuda, or cpu for models as small as the samples.',
  save_every: 'Steps between checkpoints. An interrupted run continues from the last.',
  system: 'Text of a system message in front of every prompt.',
  runs: 'Name of a run: {freeze: […]}, {train_only: […]}, or {} for the control, in which all language layers train.',
};

/** The same for the keys of a run. */
export const RUN_DOCS: Readonly<Record<keyof RunSettings, string>> = {
  freeze: 'Language layers that stay as they are: regions, layers, parts of these, or patterns. All others train.',
  train_only: 'The only language layers that train: regions, layers, parts of these, or patterns.',
  result:
    'Where the result lies of a run that was trained elsewhere: a folder, relative to this file. It is not ' +
    'trained here.',
};
