/** Layer skip: the answers of a batch with each layer (or its attention, or its MLP) taken out. */
import type { Model } from '../../../../models/model.js';
import type { What } from '../../../../models/state.js';
import { answerRows, type AnswerOptions, checkLogits, type Row } from '../../answers.js';
import type { ProbeJob } from '../../job.js';
import type { SkipOutcome } from './outcome.js';
import type { PreparedUnit } from '../../prompts.js';

/** The layers below the one that is skipped are the untouched model's, and are computed once. */
export async function skipUnits(
  model: Model,
  units: readonly PreparedUnit[],
  { depths, part, experts }: Pick<ProbeJob, 'depths' | 'part' | 'experts'>,
  options: Omit<AnswerOptions, 'onEnd'> & { onDepths: (count: number) => void },
): Promise<SkipOutcome[]> {
  const last = model.spec.language.layers - 1;
  const prefilled = await model.prefill(
    units.map(({ prompt }) => prompt),
    { capture: { hidden: [...new Set([...depths, last])] }, signal: options.signal },
  );
  checkLogits(prefilled.logits);
  const what: What = part === 'experts' ? { kind: 'skip', part, experts } : { kind: 'skip', part };
  const rows = units.flatMap(({ prompt: { inputIds } }, row): Row[] => [
    { branch: { prefilled, row, from: last, interventions: [] }, inputIds },
    ...depths.map((depth): Row => ({
      branch: { prefilled, row, from: depth, interventions: [{ at: depth, what }] },
      inputIds,
    })),
  ]);
  const perUnit = depths.length + 1;
  const texts = await answerRows(model, rows, {
    ...options,
    onEnd: (row) => options.onDepths(row % perUnit === 0 ? 0 : 1),
  });
  return units.map((_, unit) => {
    const [baseline, ...answers] = texts.slice(unit * perUnit, (unit + 1) * perUnit);
    return { kind: 'skip', baseline: baseline!, answers };
  });
}
