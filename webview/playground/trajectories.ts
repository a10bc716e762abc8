/** Made-up trajectories: a comparison's last update, grown over the steps of a training. */
import type {
  Aggregate,
  CompareResult,
  Delta,
  DeltaAggregate,
  GroupTrajectory,
  TrajectoryResult,
} from '../../src/protocol/engineApi.js';
import type { BesideSteps } from '../../src/protocol/hostApi.js';
import { trainings } from './trainings.js';

const STEPS = [0, 50, 100, 150, 200, 250, 300, 350, 400, 450, 500, 550, 600];

/** Fraction of the last distance at a step: fast at first, later layers after earlier ones. */
const grown = (index: number, late: number) => 1 - Math.exp((-3 * index) / (1 + 1.5 * late) / (STEPS.length - 1));

function scaled<T extends Delta | DeltaAggregate>(delta: T, factor: number): T {
  const times = (value: number | null) => (value === null ? null : value * factor);
  const changed = delta.changed === null ? null : Math.min(1, delta.changed * Math.sqrt(factor));
  const own = {
    ...delta,
    fro: times(delta.fro),
    relative: times(delta.relative),
    maxAbs: times(delta.maxAbs),
    changed,
  };
  return own;
}

function groupOf(aggregate: Aggregate, late: number): GroupTrajectory {
  const last = aggregate.deltas.at(-1) ?? null;
  const steps = STEPS.slice(1).map((_, index) => index + 1);
  const each = (factor: (index: number) => number) =>
    steps.map((index) => (last === null ? null : scaled(last, factor(index))));
  return {
    weights: aggregate.weights,
    sinceFirst: each((index) => grown(index, late) / grown(STEPS.length - 1, late)),
    sincePrevious: each((index) => 1.4 * (grown(index, late) - grown(index - 1, late))),
    stableRank: steps.map((index) => 3 + 9 * grown(index, late)),
    similarity: steps.map((index) =>
      index === STEPS.length - 1 ? 1 : 0.95 * (index / (STEPS.length - 1)) ** (0.4 + late),
    ),
    chance: 0.0045,
  };
}

export function trajectoryOf(result: CompareResult): TrajectoryResult {
  const depth = Math.max(...result.layers.map((layer) => layer.depth));
  const lateOf = (at: number | null) => Math.max(0, (at ?? 0) / depth);
  const [first, last] = [result.stages.at(-2)!, result.stages.at(-1)!];
  const language = result.sections.find(({ section }) => section === 'language')!;
  return {
    schema: 1,
    kind: 'trajectory',
    stages: STEPS.map((step) => ({
      ...(step === 0 ? first : last),
      label: step === 0 ? 'start' : `checkpoint-${step}`,
      role: null,
    })),
    steps: STEPS,
    against: 'first',
    directions: true,
    k: 16,
    cuts: result.cuts,
    tensors: result.tensors.map((tensor) => {
      const delta = tensor.deltas.at(-1) ?? null;
      const sizes = STEPS.slice(1).map((_, index) =>
        delta === null
          ? null
          : scaled(delta, grown(index + 1, lateOf(tensor.depth)) / grown(STEPS.length - 1, lateOf(tensor.depth))),
      );
      const { name, section, layer, depth: at, component, region, shape, norms } = tensor;
      return {
        ...{ name, section, layer, depth: at, component, region, shape },
        dtypes: STEPS.map(() => 'BF16'),
        norms: STEPS.map(() => norms.at(-1) ?? null),
        sinceFirst: sizes,
        sincePrevious: sizes,
        stableRank: STEPS.slice(1).map(() => null),
        similarity: STEPS.slice(1).map(() => null),
        chance: null,
      };
    }),
    layers: result.layers.map((layer) => ({ ...layer, ...groupOf(layer, lateOf(layer.depth)) })),
    regions: result.regions.map((region, index) => ({ ...region, ...groupOf(region, index / 2) })),
    sections: result.sections.map((section) => ({ ...section, ...groupOf(section, 0.3) })),
    whole: groupOf(language, 0.4),
    missing: [],
    leftOut: [
      {
        path: '/runs/outputs/checkpoint-650',
        step: 650,
        reason:
          '/runs/outputs/checkpoint-650 holds 2 of the 4 shards that their names promise ' +
          '(model-00001-of-00004.safetensors), and no index.',
      },
    ],
    warnings: [],
    provenance: result.provenance,
  };
}

/** Logs and evaluations of the same steps. */
export function besideOf(): BesideSteps {
  const reading = trainings(200);
  const run = reading.runs[0]!;
  const series = run.series.map((one) => ({
    ...one,
    points: one.points.map(([step, value]): [number, number | null] => [step * 3, value]),
  }));
  const abilities = STEPS.filter((_, index) => index % 3 === 0).flatMap((step) =>
    (['vis', 'v2r', 'rea'] as const).map((ability, at) => {
      const value = 0.3 + at * 0.12 + (step / 600) * (0.16 - 0.09 * at);
      return { step, ability, data: 'general.jsonl', n: 100, value, low: value - 0.09, high: value + 0.09 };
    }),
  );
  return { training: { ...reading, runs: [{ ...run, series, lastStep: 600 }] }, abilities };
}
