/**
 * Interventions as data: what is done to a run, and at which language layer (0-based; the layer's input where states
 * are meant). They compose in the order given. What concerns states of the prompt (swap, noise) happens in prefill
 * only; what concerns layers (skip, stitch) holds for decoding too.
 */
import type { ExpertShape } from './graphs/expertShape.js';
import { lastRecurrent } from './mixers.js';
import type { LanguageSpec } from './spec.js';
import type { Intervention, What, Prefilled } from './state.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { FrankensteinError } from '../errors.js';

/** What a set of interventions means for one layer. */
export interface LayerPlan {
  /** Before the layer, in order. */
  states: { what: Extract<What, { kind: 'noise' }> | Extract<What, { kind: 'swap' }>; rows: readonly number[] }[];
  /** Keys and values to put in place of the layer's own. */
  keysAndValues: { source: { prefilled: Prefilled; row: number }; rows: readonly number[] }[];
  /** States of visual tokens to put in place of what the layer's mixer is given; the residual keeps its own. */
  mixerInputs: LayerPlan['keysAndValues'];
  /** 1 or 0 per row: attention (or what is in its place), then MLP. Undefined: all 1. */
  gates: Float32Array | undefined;
  /** Experts that add nothing to some rows; undefined experts: all that the router chooses. */
  withoutExperts: { experts: readonly number[] | undefined; rows: readonly number[] }[];
  /** No row runs this layer. */
  skipped: boolean;
  checkpoint: Checkpoint | undefined;
}

/**
 * Sorts interventions by layer.
 * @throws `bad-request` for layers or rows that are not there, or a stitch of some rows only.
 */
export function planInterventions(
  interventions: readonly Intervention[],
  { layers, mixers, mlps, layer }: Pick<LanguageSpec, 'layers' | 'mixers' | 'mlps' | 'layer'>,
  rows: number,
): LayerPlan[] {
  const carried = lastRecurrent(mixers) >= 0;
  const all = Array.from({ length: rows }, (_, row) => row);
  const plans = Array.from({ length: layers }, (): LayerPlan => ({
    states: [],
    keysAndValues: [],
    mixerInputs: [],
    gates: undefined,
    withoutExperts: [],
    skipped: false,
    checkpoint: undefined,
  }));
  for (const { at, what, rows: chosen } of interventions) {
    if (!Number.isInteger(at) || at < 0 || at >= layers)
      throw new FrankensteinError(
        'bad-request',
        `There is no layer ${at} to intervene at: the model has layers 0 to ${layers - 1}.`,
      );
    const affected = chosen ?? all;
    const missing = affected.find((row) => !Number.isInteger(row) || row < 0 || row >= rows);
    if (missing !== undefined)
      throw new FrankensteinError('bad-request', `There is no row ${missing} in a batch of ${rows}.`);
    const plan = plans[at]!;
    switch (what.kind) {
      case 'noise':
        plan.states.push({ what, rows: affected });
        break;
      case 'swap':
        if (what.mode === 'hidden') plan.states.push({ what, rows: affected });
        for (const later of what.mode === 'from' ? plans.slice(at) : what.mode === 'only' ? [plan] : [])
          later[carried ? 'mixerInputs' : 'keysAndValues'].push({ source: what.source, rows: affected });
        break;
      case 'skip': {
        if (what.part === 'experts') {
          checkExperts(what.experts, layer.experts, at, mlps[at]!);
          plan.withoutExperts.push({ experts: what.experts, rows: affected });
          break;
        }
        const gates = (plan.gates ??= new Float32Array(2 * rows).fill(1));
        for (const row of affected) {
          if (what.part !== 'mlp') gates[row] = 0;
          if (what.part !== 'attention') gates[rows + row] = 0;
        }
        break;
      }
      case 'stitch':
        if (affected.length !== rows)
          throw new FrankensteinError(
            'bad-request',
            'A layer of another checkpoint serves all rows of a batch; run rows that differ in it apart.',
          );
        plan.checkpoint = what.checkpoint;
        break;
    }
  }
  for (const plan of plans) plan.skipped = plan.gates?.every((gate) => gate === 0) ?? false;
  return plans;
}

/** @throws `bad-request` where a layer has no experts, or not these */
function checkExperts(
  chosen: readonly number[] | undefined,
  experts: ExpertShape | null,
  at: number,
  mlp: LanguageSpec['mlps'][number],
): void {
  if (mlp === 'dense' || experts === null)
    throw new FrankensteinError('bad-request', `Layer ${at} has no experts to skip: its MLP is dense.`);
  const missing = chosen?.find((expert) => !Number.isInteger(expert) || expert < 0 || expert >= experts.count);
  if (missing !== undefined)
    throw new FrankensteinError(
      'bad-request',
      `There is no expert ${missing} to skip: layers have experts 0 to ${experts.count - 1}.`,
    );
}

/** The interventions that hold while decoding, for the rows that are left, in their new order. */
export function whileDecoding(interventions: readonly Intervention[], kept?: readonly number[]): Intervention[] {
  return interventions
    .filter(({ what }) => what.kind === 'skip' || what.kind === 'stitch')
    .map((intervention) => {
      const { rows } = intervention;
      if (kept === undefined || rows === undefined) return intervention;
      return { ...intervention, rows: kept.flatMap((row, index) => (rows.includes(row) ? [index] : [])) };
    });
}

/**
 * Standard normal numbers, the same on every machine: mulberry32 and Box-Muller, cosine branch.
 * @param stream keeps the numbers of two places apart.
 */
export function normalNumbers(seed: number, stream: number, count: number): Float32Array {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (((mixed ^ (mixed >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
  return Float32Array.from({ length: count }, () => {
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    return radius * Math.cos(2 * Math.PI * uniform());
  });
}
