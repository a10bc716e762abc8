/**
 * Made-up results of probes, from a seed, with the shapes that real ones have: samples and rates agree with each other.
 */
import type {
  AttentionResult,
  ProbedCheckpoint,
  ProbeResult,
  ProbeTask,
  RoutingResult,
  SkipResult,
  SwapResult,
} from '../../src/protocol/engineApi.js';

const PATHS = '/models/qwen2.5-vl-7b';

function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function wilson(successes: number, n: number): { low: number; high: number } {
  const [p, z] = [successes / n, 1.96];
  const middle = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

const base = (checkpoints: ProbedCheckpoint[], data: string, layers: number, runId: string) => ({
  schema: 1 as const,
  checkpoints,
  data: `/data/probes/${data}`,
  dataFingerprint: 'd'.repeat(64),
  cuts: [Math.floor(layers / 3), Math.floor((2 * layers) / 3)] as [number, number],
  depths: Array.from({ length: layers }, (_, depth) => depth),
  maxNewTokens: 128,
  seed: 0,
  warnings: [],
  provenance: {
    runId,
    startedAt: '2026-01-01T00:00:00.000Z',
    finishedAt: '2026-01-01T00:09:00.000Z',
    engine: '0.1.0',
    onnxruntime: '1.30.0',
    node: 'v22',
    platform: 'linux-x64',
  },
});

const stage = (label: string, layers: number): ProbedCheckpoint => ({
  label,
  path: `${PATHS}/${label.toLowerCase()}`,
  family: 'qwen2_5_vl',
  layers,
  fingerprint: label.padEnd(64, '0'),
});

const QUESTIONS: Record<ProbeTask, { prompt: string; target: () => string; source: string }> = {
  counting: { prompt: '<image>How many red objects are there?', target: () => '2', source: '4' },
  ocr: { prompt: '<image>What text is in the image?', target: () => 'XSH', source: 'BPS' },
  grounding: {
    prompt: '<image>Give the box of the blue circle.',
    target: () => '[88, 4, 108, 24]',
    source: '[60, 4, 80, 24]',
  },
  recognition: { prompt: '<image>Is there a blue circle?', target: () => 'Yes', source: 'No' },
};
/** Layer, as a fraction of the depth, where half of the answers still follow the source. */
const HALVES: Record<ProbeTask, number> = { counting: 0.42, ocr: 0.78, grounding: 0.6, recognition: 0.3 };

function swap(
  label: string,
  task: ProbeTask,
  layers: number,
  shift: number,
  seed: number,
  mode: SwapResult['mode'] = 'from',
  n = 60,
): SwapResult {
  const next = random(seed);
  const question = QUESTIONS[task];
  const samples = Array.from({ length: n }, (_, index): SwapResult['samples'][number] => {
    const flip = (HALVES[task] + shift + 0.16 * (next() + next() - 1)) * layers;
    const odd = next();
    const changed = Array.from(
      { length: layers },
      (_, depth) => (mode === 'from' ? depth < flip : Math.abs(depth - flip) < 1.2 && odd < 0.8) && odd < 0.96,
    );
    return {
      id: `${task}-${String(index).padStart(3, '0')}`,
      task,
      prompt: question.prompt,
      targetImage: `images/${task}-${index}-target.png`,
      sourceImage: task === 'recognition' && index % 7 === 3 ? '' : `images/${task}-${index}-source.png`,
      source: index % 9 === 4 ? 'resized' : 'same-grid',
      baseline: question.target(),
      sourceAnswer: question.source,
      answers: changed.map((own, depth) =>
        !own ? question.target() : Math.abs(depth - flip) < 1.5 && odd > 0.4 ? '3' : question.source,
      ),
      changed,
    };
  });
  return {
    ...base([stage(label, layers)], `${task}.jsonl`, layers, (seed * 7919).toString(16).padStart(16, '0')),
    kind: 'swap',
    mode,
    samples,
    rates: Array.from({ length: layers }, (_, depth) => {
      const changed = samples.filter((sample) => sample.changed[depth]).length;
      return { task, depth, n, changed: changed / n, ...wilson(changed, n) };
    }),
  };
}

function skip(label: string, layers: number, hurt: number, seed: number, n = 80): SkipResult {
  const next = random(seed);
  const samples = Array.from({ length: n }, (_, index): SkipResult['samples'][number] => {
    const truth = String(12 + index * 3);
    const right = next() > 0.24;
    const correct = Array.from({ length: layers }, (_, depth) => {
      const middle = Math.exp(-(((depth / layers - 0.55) / 0.16) ** 2)) * hurt;
      const first = depth < 2 ? 0.75 : 0;
      return right && next() > Math.max(middle, first, 0.04);
    });
    return {
      id: `math-${String(index).padStart(3, '0')}`,
      prompt:
        `A box holds ${index + 4} marbles, and ${index + 3} boxes stand in a row. How many marbles are ` +
        `there in ${index % 4} of them?`,
      truth,
      baseline: right ? truth : '7',
      baselineCorrect: right,
      answers: correct.map((own) => (own ? truth : String(Math.floor(next() * 90)))),
      correct,
    };
  });
  const wrong = samples.filter((sample) => !sample.baselineCorrect).length;
  return {
    ...base([stage(label, layers)], 'math.jsonl', layers, (seed * 104729).toString(16).padStart(16, '0')),
    kind: 'skip',
    part: 'layer',
    samples,
    baseline: { n, error: wrong / n, ...wilson(wrong, n) },
    errors: Array.from({ length: layers }, (_, depth) => {
      const errors = samples.filter((sample) => !sample.correct[depth]).length;
      return {
        depth,
        n,
        error: errors / n,
        ...wilson(errors, n),
        increase: (errors - wrong) / n,
        increaseLow: (errors - wrong) / n - 0.08,
        increaseHigh: (errors - wrong) / n + 0.08,
      };
    }),
  };
}

function attention(labels: string[], layers: number): AttentionResult {
  const next = random(5);
  const shape = (depth: number, own: number) =>
    0.0006 +
    0.0019 * Math.exp(-(((depth / layers - 0.45) / 0.2) ** 2)) * (1 + 0.28 * own * (depth > layers / 3 ? 1 : 0.1)) +
    0.0001 * next();
  return {
    ...base(
      labels.map((label) => stage(label, layers)),
      'general.jsonl',
      layers,
      'a77e0000a77e0000',
    ),
    kind: 'attention',
    samples: Array.from({ length: 24 }, (_, index) => ({
      id: `general-${index}`,
      prompt: '<image>How many objects are there that are not red?',
      image: `images/general-${index}.png`,
      answers: labels.map(
        (label) =>
          `<think>In ${label} I look at each cell of the image. There are two circles and ` +
          `${index % 4} squares that are not red.</think>${2 + (index % 4)}`,
      ),
      reasoningTokens: labels.map(() => 40 + Math.floor(next() * 30)),
      visualTokens: 256,
    })),
    layers: Array.from({ length: layers }, (_, depth) => {
      const mean = labels.map((_, own) => shape(depth, own));
      const spread = mean.map((value) => 0.13 * value);
      const difference = mean.at(-1)! - mean[0]!;
      return {
        depth,
        mean,
        mass: mean.map((value) => value * 256),
        low: mean.map((value, at) => value - spread[at]!),
        high: mean.map((value, at) => value + spread[at]!),
        massLow: mean.map((value, at) => 256 * (value - spread[at]!)),
        massHigh: mean.map((value, at) => 256 * (value + spread[at]!)),
        shift: labels.length < 2 ? null : { difference, low: difference - 0.00013, high: difference + 0.00013 },
      };
    }),
  };
}

const TASKS: ProbeTask[] = ['counting', 'ocr', 'grounding', 'recognition'];

export function oneSwap(): ProbeResult[] {
  return TASKS.map((task, at) => swap('RL', task, 28, 0, at + 1));
}

export function lineageProbes(): ProbeResult[] {
  const stages: [string, number][] = [
    ['Base', -0.1],
    ['IN', -0.02],
    ['RL', 0.05],
  ];
  return [
    ...stages.flatMap(([label, shift], own) =>
      TASKS.map((task, at) => swap(label, task, 28, shift, 10 * own + at + 1)),
    ),
    ...stages.map(([label, shift], own) => skip(label, 28, 0.75 - 2 * shift, 100 + own)),
    attention(['IN', 'RL'], 28),
  ];
}

export function smallProbes(): ProbeResult[] {
  return [
    ...TASKS.map((task, at) => swap('rl', task, 12, 0, at + 3, 'from', 24)),
    ...TASKS.map((task, at) => swap('rl', task, 12, 0, at + 3, 'only', 24)),
  ];
}

/** A mixture of experts, half of whose samples have images. */
export function routingOnly(pictured = 12): ProbeResult[] {
  const [layers, n] = [28, 24];
  const next = random(9);
  const samples = Array.from({ length: n }, (_, index): RoutingResult['samples'][number] => {
    const visualTokens = index < pictured ? 64 : 0;
    const tokens = visualTokens + 40;
    const counts = (of: number, most: number) =>
      Array.from({ length: layers }, (_, depth) => Math.floor(of * most * (0.3 + (0.7 * depth) / layers) * next()));
    return {
      id: `general-${index}`,
      prompt: '<image>How many objects are there that are not red?',
      ...(visualTokens > 0 ? { images: [`images/general-${index}.png`] } : {}),
      tokens,
      visualTokens,
      changedText: counts(40, 0.6),
      changedVisual: counts(visualTokens, 0.25),
    };
  });
  const shareOf = (values: number[]): RoutingResult['layers'][number]['all'] => {
    const changed = values.reduce((sum, value) => sum + value, 0) / values.length;
    return { changed, low: Math.max(0, changed - 0.05), high: changed + 0.05, n: values.length };
  };
  const seeing = samples.filter(({ visualTokens }) => visualTokens > 0);
  return [
    {
      ...base(
        ['IN', 'RL'].map((label) => stage(label, layers)),
        'general.jsonl',
        layers,
        'b77e0000b77e0000',
      ),
      kind: 'routing',
      samples,
      layers: Array.from({ length: layers }, (_, depth) => ({
        depth,
        all: shareOf(samples.map((one) => (one.changedText[depth]! + one.changedVisual[depth]!) / one.tokens)),
        text: shareOf(samples.map((one) => one.changedText[depth]! / (one.tokens - one.visualTokens))),
        visual: seeing.length === 0 ? null : shareOf(seeing.map((one) => one.changedVisual[depth]! / one.visualTokens)),
      })),
    },
  ];
}

export function attentionOnly(): ProbeResult[] {
  return [attention(['IN', 'RL'], 28)];
}

/** Every fourth layer has attention; a fifth too, so that two of them are neighbours. */
export function attentionWithGaps(): ProbeResult[] {
  const result = attention(['IN', 'RL'], 28);
  const layers = result.layers.filter(({ depth }) => depth % 4 === 3 || depth === 4);
  const depths = layers.map(({ depth }) => depth);
  return [{ ...result, layers, depths, stateLayers: result.depths.filter((depth) => !depths.includes(depth)) }];
}
