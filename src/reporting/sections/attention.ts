/** Attention from reasoning tokens to visual tokens. */
import { PAPER } from '../../../webview/exporters/palette.js';
import { attentionFigures } from '../../../webview/probe/choice.js';
import { linesDrawing } from '../../../webview/probe/drawings.js';
import { indexProbes } from '../../../webview/probe/model.js';
import { DEFAULT_PROBE_VIEW, type ProbeView } from '../../../webview/probe/view.js';
import { type Cell, type Figure, type Finding, found, type Section, type Table } from '../document.js';
import { KIND_NAMES } from '../names.js';
import { type Estimate, say } from '../quantity.js';
import { derived, nameOf, number, type Stored } from '../source.js';

type Source = Stored<'attention'>;

const VIEW: ProbeView = { ...DEFAULT_PROBE_VIEW, tab: 'attention' };

/** @param id unique in the report */
export function attentionSection(source: Source, id: string): Section {
  return {
    id,
    title: `Attention to vision: ${nameOf(source)}`,
    findings: findingsOf(source),
    figures: figuresOf(source, id),
    tables: [attentionTable(source, id)],
    limits: [['Attention weights are a correlate: where a token looks is not proof of what it uses.']],
  };
}

function figuresOf({ result, kind }: Source, id: string): Figure[] {
  const model = indexProbes([result]);
  return (['mean', 'mass'] as const).flatMap((measure): Figure[] => {
    const figures = attentionFigures(model, { ...VIEW, measure }).slice(0, measure === 'mean' ? 2 : 1);
    const drawing = linesDrawing(model, KIND_NAMES[kind], 'attention', figures, PAPER);
    if (drawing === null) return [];
    const caption =
      measure === 'mean'
        ? say`Mean attention weight from reasoning tokens to visual tokens by language layer, and its shift, with 95 % intervals.`
        : say`Attention mass on visual tokens by language layer, with 95 % intervals.`;
    return [{ id: `${id}-${measure}`, caption, drawing }];
  });
}

function shiftAt(source: Source, index: number): Estimate {
  const at = (name: string) => number(source, `/layers/${index}/shift/${name}`, 'number');
  return { kind: 'estimate', value: at('difference'), low: at('low'), high: at('high') };
}

function findingsOf(source: Source): Finding[] {
  const { checkpoints, layers, samples } = source.result;
  const n = derived(source, '/samples', 'count', 'length', samples.length);
  const shifted = layers.flatMap(({ shift }, index) => (shift === null ? [] : [{ shift, index }]));
  const [first] = shifted;
  if (first === undefined) {
    if (layers.length === 0) return [];
    const most = layers.reduce((best, { mass }, index) => (mass[0]! > layers[best]!.mass[0]! ? index : best), 0);
    return [
      found(
        say`${checkpoints[0]!.label}: the attention mass on visual tokens is largest at layer ${number(source, `/layers/${most}/depth`, 'count')}, ${ofCheckpoint(source, most, 0, 'mass')}, over n = ${n} samples.`,
      ),
    ];
  }
  const most = shifted.reduce(
    (best, one) => (Math.abs(one.shift.difference) > Math.abs(best.shift.difference) ? one : best),
    first,
  );
  const apart = shifted.filter(({ shift }) => shift.low > 0 || shift.high < 0).length;
  const [from, to] = [checkpoints[0]!.label, checkpoints.at(-1)!.label];
  const layer = number(source, `/layers/${most.index}/depth`, 'count');
  const count = derived(source, '/layers', 'count', 'shifts-apart', apart);
  const of = derived(source, '/layers', 'count', 'shifts', shifted.length);
  const rest = apart === shifted.length ? '' : ' Elsewhere a shift is not shown.';
  return [
    found(
      say`${to} against ${from}, on the same n = ${n} samples: mean attention to visual tokens differs most at layer ${layer}, by ${shiftAt(source, most.index)}. At ${count} of ${of} layers the paired 95 % bootstrap interval leaves out zero, each on its own.${rest}`,
    ),
  ];
}

function ofCheckpoint(source: Source, layer: number, checkpoint: number, measure: 'mean' | 'mass'): Estimate {
  const at = (name: string) => number(source, `/layers/${layer}/${name}/${checkpoint}`, 'number');
  const [low, high] = measure === 'mean' ? (['low', 'high'] as const) : (['massLow', 'massHigh'] as const);
  return { kind: 'estimate', value: at(measure), low: at(low), high: at(high) };
}

function attentionTable(source: Source, id: string): Table {
  const { checkpoints, layers } = source.result;
  const shifts = layers.some(({ shift }) => shift !== null);
  return {
    id: `${id}-layers`,
    caption: `Attention from reasoning to visual tokens (${nameOf(source)}), with 95 % intervals`,
    folded: true,
    columns: [
      { title: 'Layer' },
      ...checkpoints.flatMap(({ label }) => [
        { title: `${label}, mean weight`, numeric: true },
        { title: `${label}, mass`, numeric: true },
      ]),
      ...(shifts ? [{ title: 'Shift of the mean', numeric: true }] : []),
    ],
    rows: layers.map(({ depth, shift }, index): Cell[] => [
      String(depth),
      ...checkpoints.flatMap((_, checkpoint) => [
        ofCheckpoint(source, index, checkpoint, 'mean'),
        ofCheckpoint(source, index, checkpoint, 'mass'),
      ]),
      ...(shifts ? [shift === null ? null : shiftAt(source, index)] : []),
    ]),
    note: ['Bootstrap intervals over samples. The mean weight divides the mass by the number of visual tokens.'],
  };
}
