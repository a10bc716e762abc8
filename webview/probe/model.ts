/**
 * Results of probes, indexed for the views: several results, one per checkpoint and data file, become curves that can
 * be laid over each other, and every point knows the samples behind it. No DOM.
 */
import type {
  AttentionResult,
  ProbedCheckpoint,
  ProbeResult,
  ProbeTask,
  Region,
  RoutingResult,
  SkipResult,
  SwapResult,
} from '../../src/protocol/engineApi.js';

export interface ProbeModel {
  results: readonly ProbeResult[];
  /** In the order in which they were given; a lineage runs from Base to RL. */
  checkpoints: ProbedCheckpoint[];
  /** Language layers, the most of any checkpoint. */
  layers: number;
  cuts: [number, number];
  vision: Curve[];
  reasoning: Curve[];
  attention: AttentionResult[];
  routing: RoutingResult[];
  warnings: string[];
}

/** One line of a figure, with what is behind its points. */
export interface Curve {
  key: string;
  /** Index into `checkpoints`. */
  checkpoint: number;
  /** Null for reasoning. */
  task: ProbeTask | null;
  variant: SwapResult['mode'] | SkipResult['part'];
  /** What tells it from another of the same function: its data file, where two say the same thing. */
  suffix: string;
  points: CurvePoint[];
  /** The untouched model; null where the curve itself is a difference. */
  baseline: { value: number; low: number; high: number; n: number } | null;
  samples: ProbeSample[];
}

export interface CurvePoint {
  /** 0-based language layer. */
  depth: number;
  value: number;
  low: number;
  high: number;
  /** Null where the result does not say. */
  n: number | null;
}

/** What a depth did to one sample. `source`: the answer became that of the source image. */
export type Outcome = 'same' | 'source' | 'other';

export interface ProbeSample {
  id: string;
  /** Index into `results`: whose data file its images are beside. */
  result: number;
  prompt: string;
  images: ImageSource[];
  truth: string | null;
  baseline: string;
  /** Null where there is no truth to hold it against. */
  baselineCorrect: boolean | null;
  sourceAnswer: string | null;
  /** Per depth, in the order of `depths`. */
  depths: readonly number[];
  answers: readonly string[];
  outcomes: Outcome[];
}

export interface ImageSource {
  which: 'target' | 'source' | 'image';
  /** A black one, which is no file. */
  black: boolean;
  note: string;
}

export const TASKS: readonly ProbeTask[] = ['counting', 'ocr', 'grounding', 'recognition'];

export const TASK_NAMES: Record<ProbeTask, string> = {
  counting: 'Counting',
  ocr: 'OCR',
  grounding: 'Grounding',
  recognition: 'Recognition',
};

export const PART_NAMES: Record<SkipResult['part'], string> = {
  layer: 'whole layer',
  attention: 'attention only',
  mlp: 'MLP only',
  experts: 'experts only',
};

export const MODE_NAMES: Record<SwapResult['mode'], string> = { from: 'from layer ℓ onward', only: 'in layer ℓ only' };

/** What the results are indexed into. */
interface Index {
  checkpoints: ProbedCheckpoint[];
  vision: Curve[];
  reasoning: Curve[];
  attention: AttentionResult[];
  routing: RoutingResult[];
}

/** How results of each kind are read. */
const READERS: {
  [K in ProbeResult['kind']]: (result: Extract<ProbeResult, { kind: K }>, at: number, into: Index) => void;
} = {
  swap: (result, at, into) =>
    swapCurves(result, at).forEach((curve) =>
      addCurve(into.vision, result, { ...curve, checkpoint: checkpointOf(into, result) }),
    ),
  skip: (result, at, into) =>
    addCurve(into.reasoning, result, { ...skipCurve(result, at), checkpoint: checkpointOf(into, result) }),
  attention(result, _, into) {
    result.checkpoints.forEach((checkpoint) => indexOf(into, checkpoint));
    into.attention.push(result);
  },
  routing(result, _, into) {
    result.checkpoints.forEach((checkpoint) => indexOf(into, checkpoint));
    into.routing.push(result);
  },
};

export function indexProbes(results: readonly ProbeResult[]): ProbeModel {
  const index: Index = { checkpoints: [], vision: [], reasoning: [], attention: [], routing: [] };
  // Each reader takes results of its own kind.
  results.forEach((result, at) => READERS[result.kind](result as never, at, index));
  const layers = Math.max(0, ...results.flatMap((result) => result.checkpoints.map((checkpoint) => checkpoint.layers)));
  return {
    ...index,
    results,
    layers,
    cuts: results[0]?.cuts ?? [Math.floor(layers / 3), Math.floor((2 * layers) / 3)],
    warnings: [...new Set(results.flatMap((result) => result.warnings))],
  };
}

function indexOf({ checkpoints }: Index, checkpoint: ProbedCheckpoint): number {
  const known = checkpoints.findIndex(
    (one) => one.path === checkpoint.path && one.fingerprint === checkpoint.fingerprint,
  );
  return known === -1 ? checkpoints.push(checkpoint) - 1 : known;
}

function checkpointOf(index: Index, { checkpoints }: SwapResult | SkipResult): number {
  return indexOf(index, checkpoints[0]!);
}

function addCurve(curves: Curve[], { data }: ProbeResult, curve: Omit<Curve, 'key' | 'suffix'>): void {
  const same = curves.some(
    (one) => one.checkpoint === curve.checkpoint && one.task === curve.task && one.variant === curve.variant,
  );
  const suffix = same ? ` (${fileName(data)})` : '';
  const key = `${curve.checkpoint}/${curve.task ?? 'reasoning'}/${curve.variant}${suffix}`;
  curves.push({ ...curve, suffix, key });
}

function swapCurves(result: SwapResult, index: number): Omit<Curve, 'key' | 'suffix' | 'checkpoint'>[] {
  return TASKS.filter((task) => result.rates.some((rate) => rate.task === task)).map((task) => ({
    task,
    variant: result.mode,
    points: result.rates
      .filter((rate) => rate.task === task)
      .map(({ depth, changed, low, high, n }) => ({ depth, value: changed, low, high, n }))
      .sort((a, b) => a.depth - b.depth),
    baseline: null,
    samples: result.samples
      .filter((sample) => sample.task === task)
      .map((sample) => ({
        id: sample.id,
        result: index,
        prompt: plainPrompt(sample.prompt),
        images: [
          { which: 'target', black: false, note: '' },
          {
            which: 'source',
            black: sample.sourceImage === '',
            note: sample.source === 'resized' ? 'resized to the target’s grid' : '',
          },
        ],
        truth: null,
        baseline: sample.baseline,
        baselineCorrect: null,
        sourceAnswer: sample.sourceAnswer,
        depths: result.depths,
        answers: sample.answers,
        outcomes: result.depths.map((_, at): Outcome =>
          sample.changed[at] !== true
            ? 'same'
            : alike(sample.answers[at] ?? '', sample.sourceAnswer)
              ? 'source'
              : 'other',
        ),
      })),
  }));
}

function skipCurve(result: SkipResult, index: number): Omit<Curve, 'key' | 'suffix' | 'checkpoint'> {
  const { n, error, low, high } = result.baseline;
  return {
    task: null,
    variant: result.part,
    points: result.errors
      .map(({ depth, error: value, low: least, high: most, n: count }) => ({
        depth,
        value,
        low: least,
        high: most,
        n: count,
      }))
      .sort((a, b) => a.depth - b.depth),
    baseline: { value: error, low, high, n },
    samples: result.samples.map((sample) => ({
      id: sample.id,
      result: index,
      prompt: plainPrompt(sample.prompt),
      images: [],
      truth: sample.truth,
      baseline: sample.baseline,
      baselineCorrect: sample.baselineCorrect,
      sourceAnswer: null,
      depths: result.depths,
      answers: sample.answers,
      outcomes: result.depths.map((_, at): Outcome => (sample.correct[at] === true ? 'same' : 'other')),
    })),
  };
}

/** What is left without the thinking before it, which differs from answer to answer. */
export function finalAnswer(text: string): string {
  const rest = text
    .replace(/^[\s\S]*<\/think>/, '')
    .replace(/<\/?answer>/g, '')
    .trim();
  return rest === '' ? text.trim() : rest;
}

/** On one line, as long as a list has room for. */
export function quoted(text: string): string {
  const flat = finalAnswer(text).replace(/\s+/g, ' ');
  return flat === '' ? '(nothing)' : flat.length > 60 ? `${flat.slice(0, 59)}…` : flat;
}

/** Whether two answers say the same: thinking, case and outer space aside. */
export function alike(a: string, b: string): boolean {
  const plain = (text: string) => finalAnswer(text).toLowerCase().replace(/\s+/g, ' ').replace(/[.!]$/, '');
  return plain(a) === plain(b);
}

/** The mark of the image's place says nothing to a reader who sees the image. */
export function plainPrompt(prompt: string): string {
  return prompt.replace(/<image>\s*/g, '').trim();
}

export function fileName(file: string): string {
  return file.split(/[\\/]/).at(-1) ?? file;
}

/** `Counting, RL`: the function, and the checkpoint where there are several. */
export function curveName(model: ProbeModel, curve: Curve): string {
  const what = curve.task === null ? 'Error' : TASK_NAMES[curve.task];
  return `${what}${curve.suffix}${model.checkpoints.length > 1 ? `, ${model.checkpoints[curve.checkpoint]?.label ?? ''}` : ''}`;
}

export function regionOf(model: ProbeModel, depth: number): Region {
  return depth < model.cuts[0] ? 'early' : depth < model.cuts[1] ? 'mid' : 'late';
}

/**
 * Colour and marker of a checkpoint, as everywhere else: IN has the first, RL the second, Base the last. A lineage of
 * three or more begins with its base.
 */
export function markOfCheckpoint({ checkpoints }: Pick<ProbeModel, 'checkpoints'>, index: number): number {
  if (checkpoints.length < 3) return index;
  return index === 0 ? 3 : index - 1;
}

/** Depths that any of the curves has a point at. */
export function depthsOf(curves: readonly { points: readonly CurvePoint[] }[]): number[] {
  return [...new Set(curves.flatMap((curve) => curve.points.map((point) => point.depth)))].sort((a, b) => a - b);
}

/** Stretches of equal answers: where it flips, and to what. Ends are inclusive. */
export function stretches(sample: ProbeSample): { from: number; to: number; answer: string; outcome: Outcome }[] {
  const found: { from: number; to: number; answer: string; outcome: Outcome }[] = [];
  sample.depths.forEach((depth, at) => {
    const answer = sample.answers[at] ?? '';
    const outcome = sample.outcomes[at] ?? 'same';
    const last = found.at(-1);
    if (last !== undefined && last.outcome === outcome && alike(last.answer, answer)) last.to = depth;
    else found.push({ from: depth, to: depth, answer, outcome });
  });
  return found;
}

/** Layers in a row where the curve is highest: one number is rarely the whole peak. */
export function peakOf(curve: { points: readonly CurvePoint[] }): CurvePoint | null {
  return curve.points.reduce<CurvePoint | null>(
    (best, point) => (best === null || point.value > best.value ? point : best),
    null,
  );
}
