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
import { type Count, countOf, type Parameter, type Part, parametersOf, PARTS } from '../analyses/verify/parameters.js';
import type { FreezeSettings } from './schema.js';
import {
  checkOutside,
  escaped,
  type LayerPart,
  matching,
  type ModelLayers,
  outsidePattern,
  parseSelector,
  type Selection,
  select,
} from '../analyses/verify/selector.js';

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
  const ground = groundOf(settings, model);
  checkRuns(settings);
  checkOutside(ground.settings.also, ground);
  const runs: PlannedRun[] = [];
  for (const [run] of entriesOf(settings)) {
    const planned = await planRun(run, ground, signal);
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
      cuts: ground.within.cuts,
      total: countOf(ground.parameters),
    },
    runs,
    warnings: warningsOf(ground, runs).map(({ text }) => text),
  };
}

/** What every run of a plan stands on. */
export interface Ground {
  settings: FreezeSettings;
  model: Checkpoint;
  parameters: readonly Parameter[];
  within: ModelLayers & { cuts: [number, number] };
}

/** @throws `unsupported` for a model whose language layers are not known, `bad-request` for cuts outside of it */
export function groundOf(settings: FreezeSettings, model: Checkpoint): Ground {
  if (model.layers === 0)
    throw new FrankensteinError(
      'unsupported',
      `${shown(model.path)} has no language layers that are known here, so none can be frozen.`,
    );
  const cuts = settings.cuts === undefined ? defaultCuts(model.layers) : resolveCuts(settings.cuts, model.layers);
  return {
    settings,
    model,
    parameters: parametersOf(model),
    within: { layout: model.layout, layers: model.layers, cuts },
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
export function entriesOf({ runs }: FreezeSettings): [string, FreezeSettings['runs'][string]][] {
  return Object.entries(runs).sort(([, a], [, b]) => Number(isControl(b)) - Number(isControl(a)));
}

function isControl({ freeze, train_only: only }: FreezeSettings['runs'][string]): boolean {
  return freeze === undefined && only === undefined;
}

/** @throws `bad-request` where the runs do not make an experiment */
export function checkRuns({ runs, seeds }: FreezeSettings): void {
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

/**
 * A run of the plan, whatever its seed. @param run its key
 * @throws `bad-request` for what matches nothing or everything, and where nothing would train
 */
export async function planRun(
  run: string,
  { settings, model, parameters, within }: Ground,
  signal?: AbortSignal,
): Promise<Omit<PlannedRun, 'name' | 'seed'>> {
  const { freeze = [], train_only: trained = [], result = null } = settings.runs[run]!;
  const only = trained.length > 0;
  const selections: Selection[] = [];
  for (const text of [...freeze, ...trained])
    selections.push(await select(parseSelector(text, within), parameters, within, signal));
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
  const adapters = settings.method === 'lora' ? adaptersOf(parameters, names, model, settings.lora_rank) : undefined;
  if (trains.length === 0 || (settings.method === 'lora' && adapters === undefined))
    throw new FrankensteinError('bad-request', `Nothing would train in the run ${run}.`);
  return {
    run,
    control: selections.length === 0,
    result,
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

/** A sentence, and the key of the plan that it is about. */
export interface PlanWarning {
  about: keyof FreezeSettings;
  text: string;
}

/** @param runs the control first */
export function warningsOf(
  { settings, model }: Ground,
  runs: readonly Omit<PlannedRun, 'name' | 'seed'>[],
): PlanWarning[] {
  const [control] = runs;
  const warnings: PlanWarning[] = [];
  const beside = outsideThatTrains(control!);
  if (settings.method === 'full' && beside !== null)
    warnings.push({
      about: 'also',
      text:
        `Beside the language layers, these train in every run: ${beside}. ` +
        `They can carry what a frozen region cannot; --also freezes them.`,
    });
  for (const { run, layers, control: isUnfrozen } of runs)
    if (!isUnfrozen && layers.every((state) => state === 'frozen'))
      warnings.push({
        about: 'runs',
        text: `In the run ${run} no language layer trains: only the rest of the model does.`,
      });
  if (settings.precision === 'bfloat16')
    warnings.push({
      about: 'precision',
      text:
        'Weights in bfloat16 lose every update below half a step of their grid; a parameter may stay as ' +
        'it is without being frozen.',
    });
  if (settings.method === 'lora' && control!.adapters!.modules > 0 && model.layers * 4 > control!.adapters!.modules)
    warnings.push({
      about: 'method',
      text:
        `Adapters go on ${counted(control!.adapters!.modules, 'linear map', 'only', 'only')}: other ` +
        `weights of the layers, such as experts, cannot carry one.`,
    });
  return warnings;
}

/** `vision (1,200 parameters), norms (96 parameters)`; null where only language layers train. */
export function outsideThatTrains({ parts }: Pick<PlannedRun, 'parts'>): string | null {
  const beside = parts.filter(({ part, trains }) => part !== 'layers' && trains.tensors > 0);
  return beside.length === 0
    ? null
    : beside.map(({ part, trains }) => `${part} (${thousands(trains.parameters)} parameters)`).join(', ');
}
