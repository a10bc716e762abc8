/** Interventions on states: applied to a pass's buffers and cache between graphs. */
import { FrankensteinError } from '../errors.js';
import { type LayerPlan, normalNumbers } from './interventions.js';
import { lastRecurrent } from './mixers.js';
import type { Pass } from './passRequest.js';
import type { LanguageSpec } from './spec.js';
import type { Prefilled, PromptLayout } from './state.js';

/**
 * Swaps and noise at a layer's input, on `hidden [rows, tokens, width]`. After a swap `features` of the row are the
 * source's, so that the visual tokens carry on as the source's would.
 */
export function editStates(
  plan: LayerPlan,
  layer: number,
  pass: Pass,
  hidden: Float32Array,
  width: number,
  features: (readonly Float32Array[])[] | undefined,
): void {
  for (const { what, rows } of plan.states) {
    for (const row of rows) {
      const prompt = promptOf(pass, row);
      if (what.kind === 'noise') {
        addNoise(
          prompt,
          row,
          pass,
          hidden,
          width,
          what.tokens === 'visual',
          what.scale,
          normalNumbers(what.seed, layer, prompt.length * width),
        );
        continue;
      }
      const source = swapStates(what.source, layer, pass, row, hidden, width);
      if (features) features[row] = source.deepstack;
    }
  }
}

/**
 * What a layer's mixer is given, `[rows, tokens, width]`: its input, with the states of sources in place of visual
 * tokens where the plan says so. `edited` is memory for that.
 */
export function mixerInput(
  plan: LayerPlan,
  layer: number,
  pass: Pass,
  hidden: Float32Array,
  width: number,
  edited: () => Float32Array,
): Float32Array {
  if (plan.mixerInputs.length === 0) return hidden;
  const given = edited();
  given.set(hidden);
  for (const { source, rows } of plan.mixerInputs)
    for (const row of rows) swapStates(source, layer, pass, row, given, width);
  return given;
}

/** Layers whose input states the source of a swap must keep, besides those that a branch begins at. */
export function sourceLayers(
  { mixers }: Pick<LanguageSpec, 'mixers'>,
  mode: 'from' | 'only',
  depths: readonly number[],
): number[] {
  if (lastRecurrent(mixers) < 0) return [];
  return mode === 'only' ? [...depths] : [...mixers.keys()].filter((layer) => layer >= Math.min(...depths));
}

/** Writes a source's states at a layer over a row's visual tokens. */
function swapStates(
  { prefilled, row: sourceRow }: LayerPlan['mixerInputs'][number]['source'],
  layer: number,
  pass: Pass,
  row: number,
  hidden: Float32Array,
  width: number,
): PromptLayout {
  const prompt = promptOf(pass, row);
  const states = prefilled.hidden.get(layer);
  if (states === undefined)
    throw new FrankensteinError(
      'bad-request',
      `The source of a swap at layer ${layer} was prefilled without keeping that layer's states.`,
    );
  const source = sourceOf(prompt, prefilled, sourceRow);
  prompt.visual.forEach((token, index) => {
    const location = pass.starts[row]! + token - pass.slot;
    if (location < 0) return;
    const from = (sourceRow * prefilled.slots + prefilled.state.starts[sourceRow]! + source.visual[index]!) * width;
    hidden.set(states.subarray(from, from + width), (row * pass.tokens + location) * width);
  });
  return source;
}

/** Puts the source's keys and values in place of those this chunk has just written. */
export function swapKeysAndValues(
  plan: LayerPlan,
  layer: number,
  pass: Pass,
  chunk: { row: number; rows: number; token: number; tokens: number },
): void {
  for (const {
    source: { prefilled, row: sourceRow },
    rows,
  } of plan.keysAndValues) {
    for (const row of rows) {
      if (row < chunk.row || row >= chunk.row + chunk.rows) continue;
      const prompt = promptOf(pass, row);
      const source = sourceOf(prompt, prefilled, sourceRow);
      copyRuns(prompt.visual, source.visual, (target, from, count) => {
        const slot = pass.starts[row]! + target;
        // Only the part within this chunk: later chunks overwrite what is beyond it.
        const first = Math.max(slot, pass.slot + chunk.token);
        const end = Math.min(slot + count, pass.slot + chunk.token + chunk.tokens);
        if (first >= end) return;
        pass.cache.copyFrom(
          prefilled.state.cache,
          layer,
          { row: sourceRow, slot: prefilled.state.starts[sourceRow]! + from + first - slot },
          { row, slot: first },
          end - first,
        );
      });
    }
  }
}

/** Visits the stretches in which both lists count up by one. */
function copyRuns(
  targets: Int32Array,
  sources: Int32Array,
  visit: (target: number, source: number, count: number) => void,
): void {
  let begin = 0;
  for (let index = 1; index <= targets.length; index++) {
    const continues =
      index < targets.length &&
      targets[index] === targets[index - 1]! + 1 &&
      sources[index] === sources[index - 1]! + 1;
    if (continues) continue;
    visit(targets[begin]!, sources[begin]!, index - begin);
    begin = index;
  }
}

function promptOf(pass: Pass, row: number): PromptLayout {
  const prompt = pass.prompts?.[row];
  if (prompt === undefined) throw new Error('states are edited while a prompt is processed, not while decoding');
  return prompt;
}

function sourceOf(target: PromptLayout, prefilled: Prefilled, row: number): PromptLayout {
  const source = prefilled.prompts[row];
  if (source === undefined) throw new FrankensteinError('bad-request', `The source of a swap has no row ${row}.`);
  if (source.visual.length !== target.visual.length || target.visual.length === 0) {
    throw new FrankensteinError(
      'bad-request',
      'Visual tokens can be swapped only between prompts that have as many of them: ' +
        `${target.visual.length} here, ${source.visual.length} in the source. ` +
        `Resize the source image to the target's size.`,
    );
  }
  return source;
}

function addNoise(
  prompt: PromptLayout,
  row: number,
  pass: Pass,
  hidden: Float32Array,
  width: number,
  visualOnly: boolean,
  scale: number,
  noise: Float32Array,
): void {
  const tokens = visualOnly ? prompt.visual : Int32Array.from({ length: prompt.length }, (_, token) => token);
  for (const token of tokens) {
    const location = pass.starts[row]! + token - pass.slot;
    if (location < 0) continue;
    const at = (row * pass.tokens + location) * width;
    let squares = 0;
    for (let axis = 0; axis < width; axis++) squares += hidden[at + axis]! ** 2;
    const size = scale * Math.sqrt(squares / width);
    for (let axis = 0; axis < width; axis++)
      hidden[at + axis] = hidden[at + axis]! + size * noise[token * width + axis]!;
  }
}
