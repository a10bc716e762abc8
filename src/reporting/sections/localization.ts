/** Functional localization: which layers see, and which reason. Results of one form stand in one figure, as in the panel. */
import type { ProbeResult } from '../../engine/analyses/probe/result.js';
import { PAPER } from '../../../webview/exporters/palette.js';
import { localizationFigures } from '../../../webview/probe/choice.js';
import { linesDrawing, surfaceDrawing } from '../../../webview/probe/drawings.js';
import { indexProbes, MODE_NAMES, PART_NAMES, TASK_NAMES, TASKS } from '../../../webview/probe/model.js';
import { DEFAULT_PROBE_VIEW, type ProbeView } from '../../../webview/probe/view.js';
import { type Cell, type Figure, type Finding, found, type Section, type Table } from '../document.js';
import { KIND_NAMES } from '../names.js';
import { say, type Sentence } from '../quantity.js';
import { derived, estimate, nameOf, number, type Stored } from '../source.js';

type Swap = Stored<'swap'>;
type Skip = Stored<'skip'>;

/** Swaps of one mode in models of one depth. */
export function swapSections(sources: readonly Swap[]): Section[] {
  return grouped(sources, ({ mode }) => mode).map(([mode, own], index, all) => ({
    id: all.length > 1 ? `vision-${index + 1}` : 'vision',
    title: `Where vision is: visual tokens swapped ${MODE_NAMES[mode]}`,
    findings: own.flatMap(swapFindings),
    figures: figuresOf(own, { study: 'vision', mode }, all.length > 1 ? `vision-${index + 1}` : 'vision'),
    tables: TASKS.filter((task) => own.some(({ result }) => result.rates.some((rate) => rate.task === task))).map(
      (task) => swapTable(own, task, all.length > 1 ? `vision-${index + 1}-${task}` : `vision-${task}`),
    ),
    limits: [
      ...own.flatMap(sampleLimits),
      [
        'The highest of many layers is named because it is the highest: its interval is not corrected for that choice, ' +
          'and its neighbours may not differ from it.',
      ],
    ],
  }));
}

/** Skips of one part in models of one depth. */
export function skipSections(sources: readonly Skip[]): Section[] {
  return grouped(sources, ({ part }) => part).map(([part, own], index, all) => {
    const id = all.length > 1 ? `reasoning-${index + 1}` : 'reasoning';
    return {
      id,
      title: `Where reasoning is: layers skipped (${PART_NAMES[part]})`,
      findings: own.flatMap(skipFindings),
      figures: figuresOf(own, { study: 'reasoning', part }, id),
      tables: [skipTable(own, `${id}-errors`)],
      limits: own.flatMap(sampleLimits),
    };
  });
}

/** By a setting, and by how many layers there are: others have no common axis. */
function grouped<K extends 'swap' | 'skip', Name>(
  sources: readonly Stored<K>[],
  by: (result: Stored<K>['result']) => Name,
): [Name, Stored<K>[]][] {
  const groups = new Map<string, [Name, Stored<K>[]]>();
  for (const source of sources) {
    const name = by(source.result);
    const key = `${String(name)}/${(source.result as ProbeResult).checkpoints[0]!.layers}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [name, [source]]);
    else group[1].push(source);
  }
  return [...groups.values()];
}

function figuresOf(sources: readonly Stored<'swap' | 'skip'>[], choice: Partial<ProbeView>, id: string): Figure[] {
  const model = indexProbes(sources.map(({ result }) => result));
  const view: ProbeView = { ...DEFAULT_PROBE_VIEW, ...choice };
  const title = KIND_NAMES[sources[0]!.kind];
  const lines = linesDrawing(model, title, view.tab, localizationFigures(model, view), PAPER);
  const surface = surfaceDrawing(model, title, view, PAPER);
  const what = choice.study === 'vision' ? 'Answers that changed' : 'Wrong answers';
  return [
    ...(lines === null
      ? []
      : [{ id: `${id}-profile`, caption: say`${what}, by language layer, with 95 % intervals.`, drawing: lines }]),
    ...(surface === null
      ? []
      : [{ id: `${id}-map`, caption: say`${what}: the same as a map, a row per curve.`, drawing: surface }]),
  ];
}

const labelOf = ({ result }: Stored<'swap' | 'skip'>) => result.checkpoints[0]!.label;

function swapFindings(source: Swap): Finding[] {
  const { rates, mode } = source.result;
  const items = TASKS.flatMap((task): Sentence[] => {
    const own = rates.flatMap((rate, index) => (rate.task === task ? [{ rate, index }] : []));
    const [first] = own;
    if (first === undefined) return [];
    const at = (index: number) => estimate(source, `/rates/${index}`, 'percent', ['changed', 'low', 'high']);
    const layer = (index: number) => number(source, `/rates/${index}/depth`, 'count');
    const n = number(source, `/rates/${first.index}/n`, 'count');
    const highest = own.reduce((best, one) => (one.rate.changed > best.rate.changed ? one : best), first);
    const name = say`${TASK_NAMES[task]} (n = ${n})`;
    if (mode === 'only' || highest.rate.changed < HALF)
      return [say`${name}: most answers change at layer ${layer(highest.index)}, ${at(highest.index)}.`];
    // From the layer on from which the answer no longer depends on the image, swapping comes too late.
    const last = own.findLast(({ rate }) => rate.changed >= HALF)!;
    const next = own[own.indexOf(last) + 1];
    const after = next === undefined ? '' : say`, and ${at(next.index)} at layer ${layer(next.index)}`;
    return [
      say`${name}: at least half of the answers still change at layer ${layer(last.index)}, ${at(last.index)}${after}.`,
    ];
  });
  return [{ lead: say`${labelOf(source)}, visual tokens swapped ${MODE_NAMES[mode]}:`, items }];
}

/** Of the answers. */
const HALF = 0.5;

function swapTable(sources: readonly Swap[], task: (typeof TASKS)[number], id: string): Table {
  const depths = depthsOf(sources);
  return {
    id,
    caption: `${TASK_NAMES[task]}: answers that changed, in per cent by language layer, with 95 % intervals`,
    folded: true,
    columns: [
      { title: 'Layer' },
      ...sources.flatMap((source) => [
        { title: `${columnOf(source, sources)}, %`, numeric: true },
        { title: `n (${columnOf(source, sources)})`, numeric: true },
      ]),
    ],
    rows: depths.map((depth) => [
      String(depth),
      ...sources.flatMap((source): Cell[] => {
        const index = source.result.rates.findIndex((rate) => rate.task === task && rate.depth === depth);
        if (index === -1) return [null, null];
        return [
          estimate(source, `/rates/${index}`, 'percent', ['changed', 'low', 'high']),
          number(source, `/rates/${index}/n`, 'count'),
        ];
      }),
    ]),
    note: ["Wilson's intervals."],
  };
}

function skipFindings(source: Skip): Finding[] {
  const { errors } = source.result;
  const [first] = errors;
  if (first === undefined) return [];
  const worst = errors.reduce((best, one, index) => (one.increase > errors[best]!.increase ? index : best), 0);
  const shown = errors.filter(({ increaseLow }) => increaseLow > 0).length;
  const increase = estimate(source, `/errors/${worst}`, 'points', ['increase', 'increaseLow', 'increaseHigh']);
  const baseline = estimate(source, '/baseline', 'percent', ['error', 'low', 'high']);
  const n = number(source, '/baseline/n', 'count');
  const layer = number(source, `/errors/${worst}/depth`, 'count');
  const of = derived(source, '/errors', 'count', 'length', errors.length);
  const above = derived(source, '/errors', 'count', 'layers-above-zero', shown);
  const rest =
    shown === errors.length ? '' : ' Elsewhere an increase is not shown, which does not mean that there is none.';
  return [
    found(
      say`${labelOf(source)}: untouched, ${baseline} of n = ${n} answers are wrong. Skipping layer ${layer} raises that most, on the same questions, by ${increase}. At ${above} of ${of} layers the 95 % interval of the increase lies above zero, each on its own.${rest}`,
    ),
  ];
}

function skipTable(sources: readonly Skip[], id: string): Table {
  return {
    id,
    caption: 'Wrong answers in per cent by skipped layer, and their increase in points, with 95 % intervals',
    folded: true,
    columns: [
      { title: 'Layer' },
      ...sources.flatMap((source) => [
        { title: `${columnOf(source, sources)}, wrong, %`, numeric: true },
        { title: `${columnOf(source, sources)}, increase`, numeric: true },
        { title: `n (${columnOf(source, sources)})`, numeric: true },
      ]),
    ],
    rows: [
      [
        'none',
        ...sources.flatMap((source): Cell[] => [
          estimate(source, '/baseline', 'percent', ['error', 'low', 'high']),
          null,
          number(source, '/baseline/n', 'count'),
        ]),
      ],
      ...depthsOf(sources).map((depth): Cell[] => [
        String(depth),
        ...sources.flatMap((source): Cell[] => {
          const index = source.result.errors.findIndex((one) => one.depth === depth);
          if (index === -1) return [null, null, null];
          const at = `/errors/${index}`;
          return [
            estimate(source, at, 'percent', ['error', 'low', 'high']),
            estimate(source, at, 'points', ['increase', 'increaseLow', 'increaseHigh']),
            number(source, `${at}/n`, 'count'),
          ];
        }),
      ]),
    ],
    note: [
      "Wilson's intervals of fractions; the increase is paired over questions (Newcombe). No correction over layers.",
    ],
  };
}

/** The checkpoint, with its run where two have one name. */
function columnOf(source: Stored<'swap' | 'skip'>, all: readonly Stored<'swap' | 'skip'>[]): string {
  const same = all.filter((one) => labelOf(one) === labelOf(source)).length > 1;
  return same ? `${labelOf(source)} (${nameOf(source)})` : labelOf(source);
}

function depthsOf(sources: readonly Stored<'swap' | 'skip'>[]): number[] {
  return [...new Set(sources.flatMap(({ result }) => result.depths))].sort((a, b) => a - b);
}

/** Samples from which a fraction is known to about ±10 points. */
const FEW = 100;

function sampleLimits(source: Swap | Skip): Sentence[] {
  const { samples } = source.result;
  if (samples.length >= FEW) return [];
  return [
    say`${nameOf(source)}: ${derived(source, '/samples', 'count', 'length', samples.length)} samples in all, so that intervals are wide.`,
  ];
}
