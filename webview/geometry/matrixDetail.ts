/** One matrix closely: its full spectrum against the floor, every metric with its error, the angles between updates. */
import type { FullSpectrum, MetricName, Overlap, Spectrum, TensorSpectra } from '../../src/protocol/engineApi.js';
import type { PanelContext } from '../context.js';
import { barChart } from '../detail/barChart.js';
import { h, keepFocus, replace, setText, type Child } from '../dom.js';
import { createLineView } from '../figure/lineView.js';
import { pointAt } from '../figure/lines.js';
import { floorSwatch, lineSwatch } from '../figure/swatch.js';
import { formatCosine, formatCount, formatNumber, formatShare, NONE, plural } from '../format.js';
import { button, segmented } from '../kit.js';
import type { Store } from '../state/store.js';
import { FLOOR_BAND_HELP, whyUncorrected } from './measure.js';
import { keyOf, matrixName, type GeometryModel } from './model.js';
import { spectrumFigure, type SpectrumFigure } from './spectrumFigure.js';
import type { GeometryView } from './view.js';

export interface MatrixDetail {
  element: HTMLElement;
  show(model: GeometryModel, view: GeometryView): void;
  /** What is drawn, for export. */
  current(): { figure: SpectrumFigure; tensor: TensorSpectra; full: FullSpectrum | null } | null;
  dispose(): void;
}

export function createMatrixDetail(context: PanelContext, store: Store<GeometryView>): MatrixDetail {
  const name = h('h3', { class: 'detail-name', 'data-testid': 'matrix-name' });
  const place = h('p', { class: 'muted detail-place' });
  const close = button({
    kind: 'icon',
    icon: 'close',
    label: 'Close the matrix',
    testId: 'matrix-close',
    onClick: () => store.set({ matrix: null }),
  });
  const locate = button({
    kind: 'icon',
    icon: 'locate',
    label: 'Show the tensor in its checkpoint',
    testId: 'matrix-reveal',
    onClick: () =>
      tensor !== null && void context.ask(context.host.revealTensor({ name: tensor.name, stage: updateNow() + 1 })),
  });
  const choice = h('div', { class: 'detail-switch' });
  const state = h('p', { class: 'note', role: 'status', 'data-testid': 'full-spectrum-state' });
  const legend = h('div', { class: 'legend' });
  const refine = button({ label: 'Refine to exact', testId: 'refine', onClick: () => void refineNow() });
  const refineNote = h(
    'span',
    { class: 'note' },
    'These are estimates; “exact” computes all singular values of this matrix.',
  );
  const refineRow = h('p', { class: 'refine-row' }, refine, refineNote);
  const metrics = h('div', {});
  const angles = h('div', {});
  const chart = createLineView<SpectrumFigure>(context, {
    testId: 'full-spectrum',
    describe: (figure) => `${figure.summary} Left and right walk the ranks.`,
    read: (figure, at) => readRank(figure, at.x),
    tooltip: (figure, at) => [
      h('div', { class: 'tooltip-title' }, h('strong', {}, `rank ${at.x}`)),
      ...rankWords(figure, at.x).map((text) => h('div', {}, text)),
    ],
    onChoose: null,
  });
  const body = h('div', {}, refineRow, legend, chart.element, state, metrics, angles);
  const skipped = h('p', { class: 'note', 'data-testid': 'matrix-skipped' });
  const element = h(
    'section',
    { class: 'detail matrix-detail', 'aria-label': 'Matrix', hidden: true, 'data-testid': 'matrix-detail' },
    h('div', { class: 'detail-head' }, name, h('span', { class: 'detail-tools' }, locate, close)),
    place,
    choice,
    skipped,
    body,
  );

  let model: GeometryModel | null = null;
  let tensor: TensorSpectra | null = null;
  let figure: SpectrumFigure | null = null;
  let full: FullSpectrum | null = null;
  let asked = '';
  /** Full spectra that were read, of this result. */
  const kept = new Map<string, FullSpectrum>();

  const updateNow = (): number => Math.min(store.get().update, (model?.deltas.length ?? 1) - 1);

  element.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    store.set({ matrix: null });
  });

  async function refineNow(): Promise<void> {
    if (tensor === null) return;
    refine.setAttribute('disabled', '');
    setText(refineNote, 'Computing all singular values…');
    const words = matrixName(model!, tensor);
    const done = await context.ask(context.host.refineSpectrum({ key: keyOf(tensor) }).then(() => true));
    refine.removeAttribute('disabled');
    setText(refineNote, 'These are estimates; “exact” computes all singular values of this matrix.');
    if (done === true) context.announce(`${words} is exact now.`);
  }

  async function load(own: TensorSpectra, from: number, spectrum: Spectrum): Promise<void> {
    const key = `${keyOf(own)} ${from} ${spectrum.mode}`;
    if (asked === key) return;
    asked = key;
    full = kept.get(key) ?? null;
    draw(own, from, spectrum);
    if (full !== null) return;
    setText(state, 'Reading all singular values…');
    try {
      const found = await context.host.fullSpectrum({ name: own.name, part: own.part, from });
      kept.set(key, found);
      if (asked !== key) return;
      full = found;
      draw(own, from, spectrum);
    } catch (error) {
      if (asked === key)
        setText(
          state,
          `Only the largest ${spectrum.singularValues.length} are shown: ${error instanceof Error ? error.message : String(error)}`,
        );
    }
  }

  function draw(own: TensorSpectra, from: number, spectrum: Spectrum): void {
    figure = spectrumFigure(matrixName(model!, own), model!.deltas[from]!, spectrum, full);
    chart.show(figure, null);
    const known = full?.known ?? spectrum.singularValues.length;
    setText(
      state,
      known >= spectrum.count
        ? ''
        : `${known.toLocaleString('en')} of ${plural(spectrum.count, 'singular value')}${full === null ? '' : ' are computed, the others estimated'}.`,
    );
    replace(
      legend,
      h(
        'span',
        { class: 'legend-item' },
        lineSwatch(figure.series[0]!),
        h('span', {}, `σ of ${model!.deltas[from]!.full}`),
      ),
      figure.series[1] === undefined
        ? null
        : h('span', { class: 'legend-item' }, lineSwatch(figure.series[1]), 'Estimated'),
      figure.zones.length === 0
        ? null
        : h(
            'span',
            { class: 'legend-item' },
            floorSwatch(),
            'Rounding floor, 95%',
            context.tooltip.help(FLOOR_BAND_HELP),
          ),
    );
  }

  function showChoice(from: number): void {
    if (model === null || model.deltas.length < 2) return replace(choice);
    keepFocus(choice, () =>
      replace(
        choice,
        segmented({
          label: 'Update',
          testId: 'detail-update',
          choices: model!.deltas.map((delta) => ({
            value: String(delta.index),
            label: delta.short,
            title: delta.full,
          })),
          value: String(from),
          onChange: (value) => store.set({ update: Number(value) }),
        }).element,
      ),
    );
  }

  return {
    element,
    show(nextModel, view) {
      if (model !== nextModel) {
        asked = '';
        kept.clear();
      }
      model = nextModel;
      tensor = view.matrix === null ? null : (model.byKey.get(view.matrix) ?? null);
      element.hidden = tensor === null;
      if (tensor === null) {
        asked = '';
        figure = null;
        return;
      }
      const from = updateNow();
      const spectrum = tensor.spectra[from] ?? null;
      setText(name, keyOf(tensor));
      const facts = [
        matrixName(model, tensor),
        `${tensor.rows} × ${tensor.columns}`,
        tensor.dtypes
          .filter((dtype) => dtype !== null)
          .filter((dtype, at, all) => all.indexOf(dtype) === at)
          .join(', '),
        spectrum === null ? null : spectrum.mode,
      ];
      setText(place, facts.filter((fact) => fact !== null && fact !== '').join(' · '));
      showChoice(from);
      const update = model.deltas[from]?.full ?? 'this update';
      const none =
        spectrum === null
          ? `No spectrum of ${update}: ${tensor.skipped[from] ?? 'it could not be computed.'}`
          : spectrum.spectral === 0
            ? `${update} is zero here: this matrix did not change, bit for bit.`
            : null;
      skipped.hidden = none === null;
      setText(skipped, none ?? '');
      body.hidden = none !== null;
      if (spectrum === null || none !== null) {
        asked = '';
        figure = null;
        return;
      }
      refineRow.hidden = spectrum.mode === 'exact';
      void load(tensor, from, spectrum);
      replace(metrics, metricTable(spectrum));
      replace(angles, ...overlapCharts(context, model, tensor, from));
    },
    current: () => (figure === null || tensor === null ? null : { figure, tensor, full }),
    dispose: () => chart.dispose(),
  };
}

const METRIC_ROWS: {
  name: string;
  flag: MetricName | null;
  value: (spectrum: Spectrum) => number | null;
  floor: (spectrum: Spectrum) => number | null;
  corrected?: (spectrum: Spectrum) => Child;
}[] = [
  { name: '‖Δ‖', flag: null, value: ({ fro }) => fro, floor: ({ floor }) => floor.fro },
  { name: 'σ₁', flag: 'spectral', value: ({ spectral }) => spectral, floor: ({ floor }) => floor.spectral },
  { name: 'Nuclear norm', flag: 'nuclear', value: ({ nuclear }) => nuclear, floor: ({ floor }) => floor.nuclear },
  {
    name: 'Stable rank',
    flag: 'stableRank',
    value: ({ stableRank }) => stableRank,
    floor: ({ floor }) => floor.stableRank,
    corrected: ({ corrected }) =>
      corrected === null || corrected.stableRank === null
        ? NONE
        : bounded(corrected.stableRank, corrected.stableRankLow, corrected.stableRankHigh, formatNumber),
  },
  {
    name: 'Effective rank',
    flag: 'effectiveRank',
    value: ({ effectiveRank }) => effectiveRank,
    floor: ({ floor }) => floor.effectiveRank,
  },
  {
    name: 'Condition number',
    flag: 'conditionNumber',
    value: ({ conditionNumber }) => conditionNumber,
    floor: ({ floor }) => floor.conditionNumber,
  },
  {
    name: 'Log-volume, top 50',
    flag: 'logVolume',
    value: ({ logVolume }) => logVolume,
    floor: ({ floor }) => floor.logVolume,
  },
];

/** A number over its bounds, where these are apart from it: beside each other they would be too wide for an editor column. */
function bounded(
  value: number | null | undefined,
  low: number | null | undefined,
  high: number | null | undefined,
  format: (value: number | null | undefined) => string,
): Child {
  const [text, from, to] = [value, low, high].map(format);
  return h(
    'span',
    {},
    text,
    from === text && to === text
      ? null
      : h('span', { class: 'bounds' }, h('span', { class: 'visually-hidden' }, ', between '), `${from}–${to}`),
  );
}

/** Every metric: its value and error, the floor’s own, and what is left floor-corrected. */
function metricTable(spectrum: Spectrum): HTMLElement {
  const row = (title: string, value: string, error: string, floor: string, corrected: Child, noisy: boolean) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, title),
      h(
        'td',
        { class: noisy ? 'noisy' : undefined, title: noisy ? 'Explained by the rounding floor.' : undefined },
        value,
        noisy ? h('span', { class: 'visually-hidden' }, ', explained by the rounding floor') : null,
      ),
      h('td', { class: 'muted' }, error),
      h('td', { class: 'muted' }, floor),
      h('td', {}, corrected),
    );
  const errorText = (error: number | null, format: (value: number | null) => string) =>
    error === null || error === 0 ? '' : `± ${format(error)}`;
  const { corrected } = spectrum;
  const share = (k: string) =>
    corrected === null
      ? NONE
      : bounded(corrected.topEnergy[k], corrected.topEnergyLow[k], corrected.topEnergyHigh[k], formatShare);
  const energies = Object.keys(spectrum.topEnergy).sort((a, b) => Number(a) - Number(b));
  const table = h(
    'div',
    { class: 'numbers-scroll', role: 'region', 'aria-label': 'Metrics of this matrix', tabindex: 0 },
    h(
      'table',
      { class: 'number-table metric-table', 'data-testid': 'metric-table' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ...['Metric', 'Value', spectrum.mode === 'fast' ? '95%' : 'Error', 'Floor'].map((text) =>
            h('th', { scope: 'col' }, text),
          ),
          h('th', { scope: 'col', title: 'What is left floor-corrected, and its bounds' }, 'Floor-corrected'),
        ),
      ),
      h(
        'tbody',
        {},
        ...METRIC_ROWS.map(({ name, flag, value, floor, corrected }) =>
          row(
            name,
            formatNumber(value(spectrum)),
            errorText(flag === null ? null : spectrum.error[flag], formatNumber),
            spectrum.floor.fro > 0 ? formatNumber(floor(spectrum)) : NONE,
            corrected?.(spectrum) ?? '',
            flag !== null && spectrum.dominated.includes(flag),
          ),
        ),
        ...energies.map((k) =>
          row(
            `Energy in the first ${k}`,
            formatShare(spectrum.topEnergy[k]),
            errorText(spectrum.error.topEnergy, formatShare),
            spectrum.floor.fro > 0 ? formatShare(spectrum.floor.topEnergy[k]) : NONE,
            share(k),
            spectrum.dominated.includes('topEnergy'),
          ),
        ),
        row(
          'Numerical rank',
          `${formatCount(spectrum.rank)} of ${formatCount(spectrum.count)}`,
          '',
          '',
          spectrum.corrected === null ? NONE : `${formatCount(spectrum.corrected.signalRank)} above it`,
          false,
        ),
      ),
    ),
  );
  return h(
    'div',
    {},
    table,
    corrected === null ? h('p', { class: 'note', 'data-testid': 'uncorrected' }, whyUncorrected(spectrum)) : null,
  );
}

/** Cosines of the principal angles to the neighbouring updates. */
function overlapCharts(context: PanelContext, model: GeometryModel, tensor: TensorSpectra, from: number): Child[] {
  return [from - 1, from].flatMap((index): Child[] => {
    const overlap = tensor.overlaps[index] ?? null;
    const [first, second] = [model.deltas[index], model.deltas[index + 1]];
    if (overlap === null || first === undefined || second === undefined) return [];
    return [
      h('h4', {}, `Principal angles, ${first.short} and ${second.short}`),
      h(
        'div',
        { class: 'angle-charts' },
        ...(['left', 'right'] as const).map((side) => angleChart(context, overlap, side)),
      ),
    ];
  });
}

function angleChart(context: PanelContext, overlap: Overlap, side: 'left' | 'right'): HTMLElement {
  const [mean, chance] =
    side === 'left' ? [overlap.leftOverlap, overlap.leftChance] : [overlap.rightOverlap, overlap.rightChance];
  const bars = overlap[side].map((cosine, at) => ({
    share: Math.min(1, Math.max(0, cosine)),
    text: `angle ${at + 1} of ${overlap.k}: cosine ${formatCosine(cosine)}`,
  }));
  return barChart(context, {
    label: `${side === 'left' ? 'Outputs (left)' : 'Inputs (right)'}: overlap ${formatNumber(mean)}, random baseline ${formatNumber(chance)}`,
    data: { bars, ends: ['1', '', String(overlap.k)], top: '1' },
    series: side === 'left' ? 2 : 3,
    testId: `angles-${side}`,
  });
}

function rankWords(figure: SpectrumFigure, rank: number): string[] {
  const known = pointAt(figure.series[0], rank);
  const point = known ?? pointAt(figure.series[1], rank);
  const floor = figure.zones[0]?.points.find(({ x }) => x === rank);
  return [
    ...(point === null ? [] : [`σ ${known === null ? '≈' : '='} ${formatNumber(point.value)}`]),
    ...(floor === undefined || floor.value === null
      ? []
      : [`rounding alone: ${formatNumber(floor.value)} (${formatNumber(floor.low)} to ${formatNumber(floor.high)})`]),
    ...(point?.hollow === true ? ['inside the rounding floor'] : []),
  ];
}

function readRank(figure: SpectrumFigure, rank: number): string {
  return `Rank ${rank}: ${rankWords(figure, rank).join(', ')}.`;
}
