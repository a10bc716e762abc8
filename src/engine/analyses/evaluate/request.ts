/** What an evaluation is asked for. Plain data: crosses processes and identifies a run. */
import * as v from 'valibot';
import type { CountProgress } from '../../calls.js';
import {
  badLines,
  checkpoints,
  count,
  data,
  defaulting,
  machine,
  maxNewTokens,
  type NamedCheckpoint,
  optional,
  type Options,
  samples,
  seed,
  text,
  texts,
} from '../declare/field.js';
import { protocolFields } from '../declare/protocol.js';
import { typedCount, typedNames, typedNumber } from '../declare/typed.js';
import { FrankensteinError } from '../../errors.js';
import { isStageRole, ROLE_PATTERN, type StageRole } from '../../lineage/roles.js';

/** What a checkpoint is to the others: decides what it is tested against. */
export type Role = StageRole | 'hybrid';

function isRole(value: unknown): value is Role {
  return value === 'hybrid' || isStageRole(value);
}

const role = v.pipe(
  v.custom<Role>(isRole),
  v.metadata({ jsonSchema: { type: 'string', pattern: `hybrid|${ROLE_PATTERN.source}` } }),
);

/** With its role as given, else as its name says. @throws `bad-request` for what is no role */
function withRole(checkpoint: NamedCheckpoint): object {
  const name = checkpoint['label'] ?? checkpoint.path.split(/[\\/]/).at(-1)!;
  return { ...checkpoint, role: roleOf(checkpoint['role'], name) };
}

/** As given; else what the name says. @throws `bad-request` for what is no role */
export function roleOf(given: string | undefined, name: string): Role | undefined {
  const asked = (given ?? name).toLowerCase();
  if (isRole(asked)) return asked;
  if (given === undefined || given === '-' || given === '') return undefined;
  throw new FrankensteinError('bad-request', `There is no role "${given}"; there are base, in, rl, hybrid.`);
}

/**
 * A language model. Its key is in no request: without a variable of the environment, the engine asks its host for the
 * key of this address when the run starts (`EngineHost.languageModelKey`).
 */
const languageModel = v.variant('kind', [
  v.object({
    kind: v.literal('endpoint'),
    url: text,
    model: text,
    keyVariable: optional(text, { scope: 'machine', flags: [] }),
  }),
  v.object({ kind: v.literal('editor'), model: text }),
]);

function endpointOf({ grader, graderModel, graderKey }: Options) {
  if ((grader === undefined) !== (graderModel === undefined))
    throw new FrankensteinError('bad-request', '--grader and --grader-model go together.');
  return grader === undefined
    ? undefined
    : { kind: 'endpoint', url: grader, model: graderModel, keyVariable: graderKey };
}

const POSITIVE = 'The temperature is a number above 0.';
const FRACTION = 'Top-p is a number above 0, and at most 1.';

const sets = (typed: string, before: string[] = []) => [...before, ...typed.split(',')];

const axis = v.object({
  /** First layer taken from the other checkpoint, or its share. */
  name: v.picklist(['cut', 'alpha']),
  /** One per checkpoint; null for those that stand beside the curve (IN, RL). */
  values: v.array(v.nullable(v.number())),
});

/** Whose answers are judged again, and how beside what is asked of the grader. */
const regrading = v.object({
  /** Absolute. */
  runsFolder: text,
  runId: text,
  /** `format`: an answer counts only where it also stands in a tag or a box. */
  rules: v.optional(v.picklist(['task', 'format']), 'task'),
  /** A JSONL file of verdicts that judges in place of a language model. */
  verdicts: v.optional(text),
});

const fields = v.object({
  /** JSONL or Parquet file, or a folder of them: each file is a set. */
  data: data('JSONL or Parquet file of questions, or a folder of them: each file is a set'),
  /** Which sets an ability is measured on, by file name; by what a set holds when left out (`abilitiesOf`). */
  sets: optional(v.object({ vis: v.optional(texts), v2r: v.optional(texts), rea: v.optional(texts) }), {
    flags: [
      {
        syntax: '--vis <files>',
        help: 'sets that vision is measured on (default: by what a set holds)',
        read: sets,
      },
      { syntax: '--v2r <files>', help: 'sets that vision-to-reasoning is measured on', read: sets },
      { syntax: '--rea <files>', help: 'sets that reasoning is measured on', read: sets },
    ],
    from: ({ vis, v2r, rea }) => (vis || v2r || rea ? { vis: vis ?? [], v2r: v2r ?? [], rea: rea ?? [] } : undefined),
  }),
  /** Of each set. */
  samples: samples('so many questions of each set, drawn at random (default: all)'),
  seed: seed('of the draw, and of sampled answers (default: 0)'),
  ...protocolFields(),
  /** Room for a chain of thought. */
  maxNewTokens: maxNewTokens(512),
  /** Answers per question; more than one is drawn with a temperature. */
  answers: defaulting(count('answers'), 1, {
    flags: [
      {
        syntax: '--answers <k>',
        help: 'answers per question, sampled: mean@k and pass@k (default: one)',
        read: typedCount,
      },
    ],
  }),
  /** Greedy when left out. */
  temperature: optional(v.pipe(v.number(POSITIVE), v.gtValue(0, POSITIVE)), {
    flags: [
      {
        syntax: '--temperature <t>',
        help: 'sample instead of taking the most likely token',
        read: typedNumber,
      },
    ],
  }),
  topP: optional(v.pipe(v.number(FRACTION), v.gtValue(0, FRACTION), v.maxValue(1, FRACTION)), {
    flags: [
      {
        syntax: '--top-p <p>',
        help: "sample among the tokens that make up this probability (default: the checkpoint's own)",
        read: typedNumber,
      },
    ],
  }),
  topK: optional(count('likeliest tokens'), {
    flags: [
      {
        syntax: '--top-k <k>',
        help: "sample among the k most likely tokens (default: the checkpoint's own)",
        read: typedCount,
      },
    ],
  }),
  badLines: badLines(),
  /** Name of the environment variable with the key of an endpoint; without one, the host is asked for it. */
  endpointKey: optional(text, {
    scope: 'machine',
    flags: [{ syntax: '--endpoint-key <variable>', help: "name of the environment variable with the endpoint's key" }],
  }),
  concurrency: optional(count('requests'), {
    scope: 'machine',
    flags: [
      { syntax: '--concurrency <n>', help: 'requests that an endpoint gets at once (default: 8)', read: typedCount },
    ],
  }),
  /** Judges answers that the rules call wrong; rules alone when left out. */
  grader: optional(languageModel, {
    flags: [
      {
        syntax: '--grader <url>',
        help:
          'LLM judge for answers that rule-based grading calls wrong: an OpenAI-compatible endpoint, ' +
          'such as http://localhost:8000/v1',
      },
      { syntax: '--grader-model <name>', help: 'the model there' },
      { syntax: '--grader-key <variable>', help: 'name of the environment variable with its key' },
    ],
    from: endpointOf,
  }),
  /** What that judge is shown. */
  graderScope: defaulting(v.picklist(['wrong', 'all']), 'wrong', {
    flags: [
      {
        syntax: '--grader-scope <scope>',
        help:
          'what that judge is shown: the answers that the rules call wrong, or all (its verdicts replace the rules both ' +
          'ways, and their agreement is measured)',
      },
    ],
  }),
  /** Describes images of questions that have no description. */
  describer: optional(languageModel, {
    flags: [{ syntax: '--describe', help: 'let that model describe images where a set has no descriptions' }],
    from: (options) => {
      if (!options['describe']) return undefined;
      if (options['grader'] === undefined)
        throw new FrankensteinError(
          'bad-request',
          '--describe needs --grader and --grader-model: the language model that describes.',
        );
      return endpointOf(options);
    },
  }),
  ...machine({ runs: 'where answers are kept, so that an interrupted run continues and nothing is asked twice' }),
  /** Checkpoints or recipes, in the order in which they are shown. */
  checkpoints: checkpoints(
    'checkpoints',
    { role: v.optional(role) },
    [
      {
        syntax: '--roles <roles>',
        help:
          'what each is: base, in, rl, hybrid or - ; the others are tested against in and rl (default: ' +
          'by folder name)',
        read: typedNames,
      },
    ],
    { least: 1, fewer: 'No checkpoint is given.', only: ['evaluate'], each: withRole },
  ),
  /** The quantity that the checkpoints sample, in their order: a sweep is drawn as a curve over it. */
  axis: v.optional(axis),
  /** Answers of a run are judged again, and nothing is asked. */
  regrade: v.optional(regrading),
  /** `transfer` and `sweep` are evaluations of stitched or interpolated checkpoints; they are drawn differently. */
  kind: v.optional(v.picklist(['evaluate', 'transfer', 'sweep']), 'evaluate'),
});

export const evaluateRequest = v.pipe(
  fields,
  v.forward(
    v.partialCheck(
      [['checkpoints'], ['axis']],
      ({ checkpoints: all, axis: along }) => along === undefined || along.values.length === all.length,
      'An axis has a value per checkpoint.',
    ),
    ['axis'],
  ),
);

export type EvaluateRequest = v.InferInput<typeof evaluateRequest>;
/** With its defaults. */
export type ParsedEvaluation = v.InferOutput<typeof evaluateRequest>;
export type EvaluatedStage = EvaluateRequest['checkpoints'][number];
export type SweepAxis = v.InferOutput<typeof axis>;

/** What an evaluation will cost, before it starts. */
export interface EvaluatePlan {
  questions: number;
  /** Answers to be generated, and those that earlier runs have already. */
  generations: number;
  cached: number;
  /** Bytes the engine will hold at once, at most: what this evaluation needs, within the budget. */
  memory: number;
  /**
   * For what is not cached. Null when nothing could be measured: questions that cannot be read, or a machine at work.
   */
  seconds: number | null;
  /**
   * `measured`: by some of its questions. `longest`: by one layer of the model, as if every answer went to its limit.
   */
  basis: 'measured' | 'longest';
  /** Answers that are asked of endpoints; none when left out. */
  sent?: number;
  /** Answers that a grader is shown at most, where stored ones are judged again; none when left out. */
  judged?: number;
}

/** Progress of an evaluation: answers. */
export type EvaluateProgress = CountProgress;

/**
 * `vis`: right with the image and wrong with a black one; `v2r`: right with the image and right with its
 * description; `rea`: right on text alone. Each over all questions of its sets.
 */
export type AbilityName = 'vis' | 'v2r' | 'rea';
