/**
 * What a finished result must look like before anyone reads it: the structure that its readers rely on, per kind. A file on
 * disk may be damaged, or of another version.
 */
import * as v from 'valibot';
import type { Guard } from '../runs/store.js';
import type { CompareResult } from './compare/result.js';
import type { EvaluateResult } from './evaluate/result.js';
import type { ProbeResult } from './probe/result.js';
import type { SpectrumResult } from './spectrum/result.js';

export interface Results {
  compare: CompareResult;
  probe: ProbeResult;
  spectrum: SpectrumResult;
  evaluate: EvaluateResult;
}

const { array, boolean, literal, nullable, number, object, optional, picklist, record, string, tuple } = v;
const text = string();
const amount = number();
const maybe = nullable(amount);
/** Long lists are looked at directly: a schema per element takes ten times as long, and results have millions. */
const listOf = (isElement: (value: unknown) => boolean) =>
  v.custom<unknown[]>((value) => Array.isArray(value) && value.every(isElement));
const isAmount = (value: unknown) => typeof value === 'number';
const isText = (value: unknown) => typeof value === 'string';
const isNull = (value: unknown) => value === null;
const amounts = listOf(isAmount);
const maybes = listOf((value) => isNull(value) || isAmount(value));
const texts = listOf(isText);
const maybeTexts = listOf((value) => isNull(value) || isText(value));
const perName = <Value extends v.GenericSchema>(value: Value) => record(text, value);
const cuts = tuple([amount, amount]);
const interval = { n: amount, low: amount, high: amount };

const provenance = object({
  runId: text,
  startedAt: text,
  finishedAt: text,
  engine: text,
  onnxruntime: text,
  node: text,
  platform: text,
  inputs: optional(text),
});
const base = { schema: literal(1), warnings: texts, provenance };

const place = {
  section: picklist(['vision', 'projector', 'language', 'other']),
  layer: maybe,
  region: nullable(picklist(['early', 'mid', 'late'])),
};
const layer = { ...place, depth: amount };
const tensor = {
  ...place,
  name: text,
  depth: maybe,
  component: picklist(['attention', 'mlp', 'norm', 'embedding', 'other']),
};
const region = { region: picklist(['early', 'mid', 'late']), first: amount, last: amount };

const lineage = {
  ...base,
  stages: v.pipe(
    array(
      object({
        label: text,
        role: optional(nullable(picklist(['base', 'in', 'rl']))),
        path: text,
        family: text,
        layers: amount,
        visionLayers: amount,
        dtype: text,
        parameters: amount,
        bytes: amount,
        fingerprint: text,
        madeOf: optional(object({ summary: text, sources: texts })),
      }),
    ),
    v.minLength(2),
  ),
  cuts,
  missing: array(
    object({ name: text, presentIn: amounts, absentIn: amounts, shapes: array(nullable(amounts)), reason: text }),
  ),
  files: array(object({ file: text, from: amount, kind: picklist(['changed', 'added', 'removed']), keys: texts })),
};

const delta = {
  fro: maybe,
  relative: maybe,
  cosine: maybe,
  maxAbs: maybe,
  changed: maybe,
  floor: amount,
  nonFinite: amount,
};
const aggregate = {
  weights: amount,
  tensors: amount,
  parameters: amount,
  deltas: array(
    nullable(object({ ...delta, fro: amount, meanFro: amount, sumFro: amount, meanRelative: maybe, maxAbs: amount })),
  ),
};
const comparison = object({
  ...lineage,
  kind: optional(v.undefined()),
  tensors: array(
    object({
      ...tensor,
      shape: amounts,
      onDisk: maybeTexts,
      dtypes: maybeTexts,
      norms: maybes,
      deltas: array(nullable(object({ ...delta, changedCount: amount }))),
    }),
  ),
  layers: array(object({ ...layer, ...aggregate, components: perName(object(aggregate)) })),
  regions: array(object({ ...region, ...aggregate })),
  sections: array(object({ section: place.section, ...aggregate })),
});

const metrics = {
  spectral: amount,
  nuclear: amount,
  stableRank: maybe,
  effectiveRank: maybe,
  conditionNumber: maybe,
  logVolume: maybe,
  topEnergy: perName(maybe),
};
const mode = picklist(['exact', 'fast']);
const matrixSpectrum = object({
  ...metrics,
  mode,
  fro: amount,
  count: amount,
  rank: amount,
  singularValues: amounts,
  floor: object({ ...metrics, fro: amount, singularValues: amounts, low: amounts, high: amounts }),
  error: perName(maybe),
  dominated: texts,
  corrected: nullable(
    object({
      stableRank: maybe,
      stableRankLow: maybe,
      stableRankHigh: maybe,
      topEnergy: perName(maybe),
      topEnergyLow: perName(maybe),
      topEnergyHigh: perName(maybe),
      signalRank: amount,
    }),
  ),
  uncorrected: nullable(text),
});
const spread = object({ mean: amount, low: amount, high: amount });
const overlap = { leftChance: amount, rightChance: amount };
const spectraGroup = {
  spectra: array(
    nullable(
      object({
        matrices: amount,
        spectral: spread,
        nuclear: spread,
        stableRank: nullable(spread),
        effectiveRank: nullable(spread),
        relativeRank: nullable(spread),
        logVolume: nullable(spread),
        topEnergy: perName(nullable(spread)),
        floorStableRank: nullable(spread),
        floorEffectiveRank: nullable(spread),
        correctedStableRank: nullable(spread),
        logCurve: maybes,
        floorCurve: maybes,
        dominated: amount,
        dominatedBy: perName(amount),
      }),
    ),
  ),
  overlaps: array(nullable(object({ left: amount, right: amount, ...overlap }))),
};
const spectra = object({
  ...lineage,
  kind: literal('spectrum'),
  mode,
  filter: nullable(text),
  tensors: array(
    object({
      ...tensor,
      part: nullable(text),
      rows: amount,
      columns: amount,
      dtypes: maybeTexts,
      spectra: array(nullable(matrixSpectrum)),
      skipped: maybeTexts,
      overlaps: array(
        nullable(
          object({ k: amount, left: amounts, right: amounts, leftOverlap: amount, rightOverlap: amount, ...overlap }),
        ),
      ),
    }),
  ),
  layers: array(object({ ...layer, ...spectraGroup })),
  regions: array(object({ ...region, ...spectraGroup })),
});

const model = { label: text, path: text, family: text, fingerprint: text };
const asked = {
  ...base,
  data: text,
  dataFingerprint: text,
  maxNewTokens: amount,
  seed: amount,
  grading: optional(amount),
};
const probed = { ...asked, checkpoints: array(object({ ...model, layers: amount })), cuts, depths: amounts };
const sample = { id: text, prompt: text, answers: texts };
const probes = v.variant('kind', [
  object({
    ...probed,
    kind: literal('swap'),
    mode: picklist(['from', 'only']),
    samples: array(
      object({
        ...sample,
        task: text,
        targetImage: text,
        sourceImage: text,
        source: text,
        baseline: text,
        sourceAnswer: text,
        changed: array(boolean()),
      }),
    ),
    rates: array(object({ ...interval, task: text, depth: amount, changed: amount })),
  }),
  object({
    ...probed,
    kind: literal('skip'),
    part: picklist(['layer', 'attention', 'mlp']),
    samples: array(
      object({ ...sample, truth: text, baseline: text, baselineCorrect: boolean(), correct: array(boolean()) }),
    ),
    baseline: object({ ...interval, error: amount }),
    errors: array(
      object({
        ...interval,
        depth: amount,
        error: amount,
        increase: amount,
        increaseLow: amount,
        increaseHigh: amount,
      }),
    ),
  }),
  object({
    ...probed,
    kind: literal('attention'),
    samples: array(
      object({
        ...sample,
        image: text,
        images: optional(texts),
        reasoningTokens: amounts,
        visualTokens: amount,
      }),
    ),
    layers: array(
      object({
        depth: amount,
        mean: amounts,
        mass: amounts,
        low: amounts,
        high: amounts,
        massLow: amounts,
        massHigh: amounts,
        shift: nullable(object({ difference: amount, low: amount, high: amount })),
      }),
    ),
  }),
]);

const rate = { ...interval, hits: amount, value: amount, checkpoint: amount };
const evaluation = object({
  ...asked,
  kind: picklist(['evaluate', 'transfer', 'sweep']),
  checkpoints: array(object({ ...model, recipe: nullable(text), role: nullable(text) })),
  sets: array(object({ name: text, questions: amount, abilities: texts })),
  grader: nullable(text),
  describer: nullable(text),
  questions: array(
    object({
      id: text,
      set: text,
      task: nullable(text),
      prompt: text,
      truth: text,
      answerType: text,
      image: nullable(text),
      images: optional(texts),
      description: nullable(text),
      answers: perName(texts),
      right: perName(array(boolean())),
      counts: perName(array(boolean())),
      regraded: optional(texts),
    }),
  ),
  scores: array(object({ ...rate, ability: text })),
  accuracies: array(object({ ...rate, set: text, setting: text })),
  comparisons: array(
    object({
      ...interval,
      ability: text,
      checkpoint: amount,
      against: amount,
      difference: amount,
      tt: amount,
      tf: amount,
      ft: amount,
      ff: amount,
      sideEffect: maybe,
      lift: maybe,
      p: amount,
      exact: boolean(),
      adjusted: amount,
    }),
  ),
  axis: nullable(object({ name: picklist(['cut', 'alpha']), values: maybes })),
});

const SHAPES = { compare: comparison, probe: probes, spectrum: spectra, evaluate: evaluation };

/** Whether a value from disk is a result of this kind, whole. */
export function isResult<Kind extends keyof Results>(kind: Kind, value: unknown): value is Results[Kind] {
  return v.safeParse(SHAPES[kind], value, { abortEarly: true }).success;
}

/** `isResult` of one kind, for the store of runs. */
export function guardOf<Kind extends keyof Results>(kind: Kind): Guard<Results[Kind]> {
  return (value): value is Results[Kind] => isResult(kind, value);
}
