/** Plans of frozen trainings as text. */
import type { PlannedExperiment } from '../engine/freeze/experiment.js';
import type { PlannedRun } from '../engine/freeze/plan.js';
import { formatCount, table } from './terminal.js';

export function freezePlanReport({ plan, questions, out }: PlannedExperiment): string {
  const { settings, model, runs, warnings } = plan;
  const rows = runs.map((run) => [
    run.name,
    run.control ? 'nothing' : run.selections.map(({ text }) => text).join(', '),
    formatCount(run.frozen.parameters),
    formatCount(run.adapters?.parameters ?? run.trains.parameters),
    pictureOf(run),
  ]);
  return [
    `${model.path}: ${model.family}, ${model.layers} language layers, cuts ${model.cuts.join(',')}, ${formatCount(model.total.parameters)} parameters`,
    `${settings.trainer}, ${settings.method}, ${formatCount(questions)} questions, ${formatCount(settings.steps)} steps, seeds ${settings.seeds.join(', ')}`,
    '',
    table([['run', 'freezes', 'frozen', 'trains', 'layers'], ...rows], [false, false, true, true, false]),
    '',
    '■ frozen  ◧ partly  □ trains',
    ...warnings.map((warning) => `  ${warning}`),
    out === null
      ? 'Nothing is written; --out names a folder for it.'
      : `${out}: run it with "frankenstein freeze run ${out}", or as its README says.`,
    '',
  ].join('\n');
}

const SIGNS = { frozen: '■', partly: '◧', trains: '□' } as const;

/** A sign per language layer, in groups of ten. */
function pictureOf({ layers }: PlannedRun): string {
  return layers.map((state, layer) => `${layer > 0 && layer % 10 === 0 ? ' ' : ''}${SIGNS[state]}`).join('');
}
