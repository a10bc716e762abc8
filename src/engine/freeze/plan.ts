/**
 * A freeze experiment held against IN: for every run, which parameters train, which are frozen, and by which pattern.
 */
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { counted, shown, thousands } from '../checkpoint/failure.js';
import { fingerprint } from '../checkpoint/fingerprint.js';
import { FrankensteinError } from '../errors.js';
import { defaultCuts, resolveCuts } from '../topology/cuts.js';
import { layoutById } from '../families/list.js';
import { adaptersOf, type Adapters } from './adapters.js';
import { type Count, countOf, type Parameter, type Part, parametersOf, PARTS } from './parameters.js';
import type { FreezeSettings } from './schema.js';
import {
  escaped,
  type LayerPart,
  matching,
  type ModelLayers,
  outsidePattern,
  parseSelector,
  type Selection,
  select,
} from './selector.js';

export interface FreezePlan {
  schema: 1;
  settings: FreezeSettings;
  model: {
    /** Absolute. */
    path: string;
    family: string;
    fingerprint: string;
    layers: number;
    cuts: [number, number];
    total: Count;
  };
  /** In the order of the file, each once per seed; the control first. */
  runs: PlannedRun[];
  /** Sentences: what else trains, what else to know. */
  warnings: string[];
}

export interface PlannedRun {
  /** Its folder below `runs/`. */
  name: string;
  /** Its key in the file; the same for all seeds. */
  run: string;
  seed: number;
  control: boolean;
  /** Where the plan says its result lies, relative to the experiment's folder; null where the run leaves it. */
  result: string | null;
  /** What `freeze` or `train_only` says, and how much of the model that is. */
  selections: { text: string; pattern: string; count: Count }[];
  /** Parameters in whose name one of these is found are frozen; `search` semantics. */
  frozenPatterns: string[];
  /** Without adapters, which `adapters` counts. */
  frozen: Count;
  trains: Count;
  /** Null for a run of all parameters. */
  adapters: Adapters | null;
  parts: { part: Part; total: Count; trains: Count }[];
  /** Language layers in order, for an image: `frozen`, `trains`, or `partly`. */
  layers: ('frozen' | 'trains' | 'partly')[];
  /** What a stitch takes from RL to ask the same of a finished model: these layers; null where none can. */
  transplant: Transplant | null;
}

export interface Transplant {
  /** Neighbouring language layers: first, and the one after the last. */
  layers: [number, number];
  part: 'all' | LayerPart;
}

/**
 * @param model IN, open.
 * @throws `bad-request` for a pattern that matches nothing or everything, layers outside the model, a plan without a
 * control, and runs in which nothing would train; `unsupported` for a model whose language layers are not known.
 */
export async function planFreeze(
  settings: FreezeSettings,
  model: Checkpoint,
  signal?: AbortSignal,
): Promise<FreezePlan> {
  if (model.layers === 0)
    throw new FrankensteinError(
      'unsupported',
      `${shown(model.path)} has no language layers that are known here, so none can be frozen.`,
    );
  const cuts = settings.cuts === undefined ? defaultCuts(model.layers) : resolveCuts(settings.cuts, model.layers);
  const parameters = parametersOf(model);
  const within: ModelLayers = { layout: model.layout, layers: model.layers, cuts };
  checkRuns(settings);
  const runs: PlannedRun[] = [];
  for (const [run, { freeze = [], train_only: only = [] }] of entriesOf(settings)) {
    const selections: Selection[] = [];
    for (const text of [...freeze, ...only])
      selections.push(await select(parseSelector(text, within), parameters, within, signal));
    const planned = planRun({ run, only: only.length > 0, selections, parameters, model, settings });
    for (const seed of settings.seeds)
      runs.push({ ...planned, name: settings.seeds.length === 1 ? run : `${run}.seed-${seed}`, seed });
  }
  return {
    schema: 1,
    settings,
    model: {
      path: model.path,
      family: model.family,
      fingerprint: await fingerprint(model, signal),
      layers: model.layers,
      cuts,
      total: countOf(parameters),
    },
    runs,
    warnings: warningsOf(settings, runs, model),
  };
}

/** The parameters that a run freezes, by name: those in which one of its patterns is found. */
export async function frozenNames(
  { frozenPatterns }: PlannedRun,
  model: Checkpoint,
  signal?: AbortSignal,
): Promise<Set<string>> {
  const parameters = parametersOf(model);
  const names = new Set<string>();
  for (const pattern of frozenPatterns)
    for (const { name } of await matching(pattern, parameters, signal)) names.add(name);
  return names;
}

/** The control first: the others are read against it. */
function entriesOf({ runs }: FreezeSettings): [string, FreezeSettings['runs'][string]][] {
  return Object.entries(runs).sort(([, a], [, b]) => Number(isControl(b)) - Number(isControl(a)));
}

function isControl({ freeze, train_only: only }: FreezeSettings['runs'][string]): boolean {
  return freeze === undefined && only === undefined;
}

function checkRuns({ runs, seeds }: FreezeSettings): void {
  const controls = Object.entries(runs).filter(([, run]) => isControl(run));
  if (controls.length !== 1)
    throw new FrankensteinError(
      'bad-request',
      controls.length === 0
        ? 'The plan has no control: add a run that freezes nothing, such as "control: {}", since every ' +
            'other is read against it.'
        : `The plan has ${controls.length} runs that freeze nothing ` +
            `(${controls.map(([name]) => name).join(', ')}); one is the control, so the others must go.`,
    );
  const elsewhere = Object.entries(runs).find(([, run]) => run.result !== undefined);
  if (elsewhere !== undefined && seeds.length > 1)
    throw new FrankensteinError(
      'bad-request',
      `The run ${elsewhere[0]} names one result, but the plan has ${seeds.length} seeds: copy the results to ` +
        `runs/NAME/result instead.`,
    );
  const both = Object.entries(runs).find(([, run]) => run.freeze !== undefined && run.train_only !== undefined);
  if (both !== undefined)
    throw new FrankensteinError('bad-request', `The run ${both[0]} has freeze and train_only; a run says one of them.`);
}

function planRun(of: {
  run: string;
  only: boolean;
  selections: readonly Selection[];
  parameters: readonly Parameter[];
  model: Checkpoint;
  settings: FreezeSettings;
}): Omit<PlannedRun, 'name' | 'seed'> {
  const { run, only, selections, parameters, model, settings } = of;
  const chosen = new Set(selections.flatMap((selection) => selection.parameters.map(({ name }) => name)));
  const isFrozen = ({ name, part }: Parameter) =>
    (settings.also as readonly Part[]).includes(part) ||
    (only ? part === 'layers' && !chosen.has(name) : chosen.has(name));
  const frozen = parameters.filter(isFrozen);
  const names = new Set(frozen.map(({ name }) => name));
  const trains = parameters.filter(({ name }) => !names.has(name));
  const frozenPatterns = [
    ...(only ? [exceptPattern(selections, parameters, model)] : selections.map(({ pattern }) => pattern)),
    ...settings.also.map((part) => outsidePattern(part, parameters, model.layout)),
  ];
  for (const part of settings.also)
    if (!parameters.some((parameter) => parameter.part === part))
      throw new FrankensteinError(
        'bad-request',
        `--also ${part} matches no parameter of ` +
          `${shown(model.path)}${part === 'head' ? ', whose head is tied to the embedding: freeze embeddings for both' : ''}.`,
      );
  const adapters = settings.method === 'lora' ? adaptersOf(parameters, names, model, settings.lora_rank) : undefined;
  if (trains.length === 0 || (settings.method === 'lora' && adapters === undefined))
    throw new FrankensteinError('bad-request', `Nothing would train in the run ${run}.`);
  return {
    run,
    control: selections.length === 0,
    result: settings.runs[run]?.result ?? null,
    selections: selections.map(({ text, pattern, parameters: matched }) => ({
      text,
      pattern,
      count: countOf(matched),
    })),
    frozenPatterns,
    frozen: countOf(frozen),
    trains: countOf(trains),
    adapters: adapters ?? null,
    parts: PARTS.flatMap((part) => {
      const all = parameters.filter((parameter) => parameter.part === part);
      return all.length === 0
        ? []
        : [{ part, total: countOf(all), trains: countOf(all.filter(({ name }) => !names.has(name))) }];
    }),
    layers: Array.from({ length: model.layers }, (_, layer) => {
      const flags = parameters.filter((parameter) => parameter.layer === layer).map(({ name }) => names.has(name));
      return flags.every(Boolean) ? 'frozen' : flags.some(Boolean) ? 'partly' : 'trains';
    }),
    transplant: transplantOf(selections),
  };
}

/** Language layers in whose parameters none of the selections is found. */
function exceptPattern(selections: readonly Selection[], parameters: readonly Parameter[], model: Checkpoint): string {
  const stacks = layoutById(model.layout).language.stacks.filter((stack) =>
    parameters.some(({ name, layer }) => layer !== null && name.startsWith(`${stack}.`)),
  );
  const trained = selections.map(({ pattern }) => pattern).join('|');
  return `^(?!.*(?:${trained}))(?:${stacks.map(escaped).join('|')})\\.[0-9]+\\.`;
}

/** Neighbouring layers, whole or one part of them. */
function transplantOf(selections: readonly Selection[]): Transplant | null {
  const parts = new Set(selections.map(({ part }) => part));
  if (parts.size !== 1 || selections.some(({ layers }) => layers === null)) return null;
  const layers = [...new Set(selections.flatMap((selection) => selection.layers!))].sort((a, b) => a - b);
  const [first, end] = [layers[0]!, layers.at(-1)! + 1];
  return end - first === layers.length ? { layers: [first, end], part: [...parts][0] ?? 'all' } : null;
}

function warningsOf(settings: FreezeSettings, runs: readonly PlannedRun[], model: Checkpoint): string[] {
  const [control] = runs;
  const beside = control!.parts.filter(({ part, trains }) => part !== 'layers' && trains.tensors > 0);
  const warnings: string[] = [];
  if (settings.method === 'full' && beside.length > 0)
    warnings.push(
      `Beside the language layers, these train in every run: ` +
        `${beside.map(({ part, trains }) => `${part} (${thousands(trains.parameters)} parameters)`).join(', ')}. ` +
        `They can carry what a frozen region cannot; --also freezes them.`,
    );
  for (const { run, layers, control: isUnfrozen } of runs)
    if (!isUnfrozen && layers.every((state) => state === 'frozen'))
      warnings.push(`In the run ${run} no language layer trains: only the rest of the model does.`);
  if (settings.precision === 'bfloat16')
    warnings.push(
      'Weights in bfloat16 lose every update below half a step of their grid; a parameter may stay as ' +
        'it is without being frozen.',
    );
  if (settings.method === 'lora' && control!.adapters!.modules > 0) {
    const without = model.layers * 4 > control!.adapters!.modules;
    if (without)
      warnings.push(
        `Adapters go on ${counted(control!.adapters!.modules, 'linear map', 'only', 'only')}: other ` +
          `weights of the layers, such as experts, cannot carry one.`,
      );
  }
  return warnings;
}
