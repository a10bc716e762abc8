/** Visual-token swap: the answers of a batch at all depths, from one pass over its targets and one over its sources. */
import { boxScaleOf } from '../../../../grading/boxScale.js';
import type { Branch, Model } from '../../../../models/model.js';
import { shapeKey } from '../../../../models/processor/processedImage.js';
import type { VisionSpec } from '../../../../models/visionShape.js';
import type { Prefilled } from '../../../../models/state.js';
import { sourceLayers } from '../../../../models/swap.js';
import { answerRows, type AnswerOptions, checkLogits, type Row } from '../../answers.js';
import type { ProbeJob } from '../../job.js';
import type { SwapOutcome } from './outcome.js';
import type { PreparedUnit } from '../../prompts.js';

/**
 * The target's states at every depth, and the source's keys and values (or states), come from the two untouched
 * passes; a depth costs no more than the tokens and layers that the swap can reach. The same words over the same
 * image run once.
 * @param options `onEnd` is told of units and depths, each once.
 */
export async function swapUnits(
  model: Model,
  units: readonly PreparedUnit[],
  { depths, mode }: Pick<ProbeJob, 'depths' | 'mode'>,
  options: Omit<AnswerOptions, 'onEnd'> & { onDepths: (count: number) => void },
): Promise<SwapOutcome[]> {
  const last = model.spec.language.layers - 1;
  const locations = new Map<string, Position>();
  const prompts = { targets: [] as PreparedUnit['prompt'][], sources: [] as PreparedUnit['prompt'][] };
  const location = (side: keyof typeof prompts, prompt: PreparedUnit['prompt'], key: string): Position => {
    const known = locations.get(key) ?? { side, row: prompts[side].push(prompt) - 1, prompt };
    locations.set(key, known);
    return known;
  };
  // All targets first: a prompt that is both keeps its states at every depth.
  const targets = units.map(({ unit, prompt }) =>
    location('targets', prompt, keyOf(unit.prompt, unit.images[0], 'same-grid', prompt)),
  );
  const sources = units.map(({ unit, source }) =>
    location('sources', source!.prompt, keyOf(unit.prompt, unit.source, source!.brought, source!.prompt)),
  );

  const { signal } = options;
  const read = sourceLayers(model.spec.language, mode, depths);
  const prefilled: Record<keyof typeof prompts, Prefilled | undefined> = {
    targets: await model.prefill(prompts.targets, {
      capture: { hidden: [...new Set([...depths, ...read, last])] },
      signal,
    }),
    sources:
      prompts.sources.length === 0
        ? undefined
        : await model.prefill(prompts.sources, { capture: { hidden: [...new Set([...read, last])] }, signal }),
  };
  const rows: Row[] = [];
  const add = (at: Position, from: number, interventions: Branch['interventions']) =>
    rows.push({
      branch: { prefilled: prefilled[at.side]!, row: at.row, from, interventions },
      inputIds: at.prompt.inputIds,
    }) - 1;
  // Untouched answers are branches too, from the last layer, so that they are decoded with the others.
  const untouched = new Map([...locations.values()].map((at) => [at, add(at, last, [])]));
  const depthsOf = new Map<number, number>();
  const count = (row: number) => depthsOf.set(row, (depthsOf.get(row) ?? 0) + 1);
  const answers = units.map((_, unit) => {
    const [target, source] = [targets[unit]!, sources[unit]!];
    return depths.map((depth) => {
      let row: number;
      if (target === source) row = untouched.get(target)!;
      // Nothing of the target is left: below the first layer the two prompts differ in their visual tokens alone.
      else if (mode === 'from' && depth === 0) row = untouched.get(source)!;
      else
        row = add(target, depth, [
          { at: depth, what: { kind: 'swap', mode, source: { prefilled: prefilled[source.side]!, row: source.row } } },
        ]);
      count(row);
      return row;
    });
  });
  for (const result of Object.values(prefilled)) if (result) checkLogits(result.logits);
  const texts = await answerRows(model, rows, { ...options, onEnd: (row) => options.onDepths(depthsOf.get(row) ?? 0) });
  return units.map(({ source }, unit) => ({
    kind: 'swap',
    source: source!.brought,
    boxScale: sourceScale(model.spec.vision!, source!),
    baseline: texts[untouched.get(targets[unit]!)!]!,
    sourceAnswer: texts[untouched.get(sources[unit]!)!]!,
    answers: answers[unit]!.map((row) => texts[row]!),
  }));
}

interface Position {
  side: 'targets' | 'sources';
  row: number;
  prompt: PreparedUnit['prompt'];
}

/** The source is brought to the target's grid: that is what its boxes are pixels of. */
function sourceScale(vision: VisionSpec, { prompt, size }: NonNullable<PreparedUnit['source']>): [number, number] {
  const [, rows, columns] = prompt.images[0]!.grid;
  return boxScaleOf(vision, { width: columns * vision.patchSize, height: rows * vision.patchSize }, size);
}

function keyOf(
  words: string,
  file: string | undefined,
  brought: string,
  { images: [image] }: PreparedUnit['prompt'],
): string {
  return JSON.stringify([words, file ?? null, brought, shapeKey(image!)]);
}
