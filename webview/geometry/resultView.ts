/** A spectrum's result: what it says, the figures over depth, the surfaces, the overlap, the matrices and one of them closely. */
import { spectraCsv } from '../../src/protocol/csv.js';
import type { SpectrumResult } from '../../src/protocol/engineApi.js';
import type { PanelContext } from '../context.js';
import { h, keepFocus, replace, reveal, setText, type Child } from '../dom.js';
import { heatmapSvg } from '../exporters/heatmapSvg.js';
import { linesSvg } from '../exporters/linesSvg.js';
import { menuButton, type MenuEntry } from '../exporters/menu.js';
import { PAPER } from '../exporters/palette.js';
import { drawingPng } from '../exporters/png.js';
import { createLineView, type LineView } from '../figure/lineView.js';
import type { LinePlace } from '../figure/lines.js';
import { bandNote, floorSwatch, lineSwatch } from '../figure/swatch.js';
import { formatNumber, plural } from '../format.js';
import { icon } from '../icons.js';
import { button, dropdown, segmented } from '../kit.js';
import { folding, provenance, stageChips } from '../overview/overview.js';
import { describeDepth, labelDepth } from '../state/model.js';
import type { Store } from '../state/store.js';
import type { Theme } from '../theme.js';
import {
  depthRows,
  describeDepths,
  dominatedText,
  metricFigure,
  overlapFigure,
  rankFigure,
  readDepths,
  type DepthFigure,
} from './figures.js';
import { createMatrices } from './matrices.js';
import { createMatrixDetail } from './matrixDetail.js';
import { FLOOR_BAND_HELP, RANK_TEXT } from './measure.js';
import { indexSpectra, keyOf, type GeometryModel } from './model.js';
import { depthCsv, depthMarkdown, surfaceCsv } from './numbers.js';
import { readSpectra } from './reading.js';
import { createSurfaceMap, RANK_STYLE, type SurfaceMap } from './surface.js';
import { rankSurface, surfaceGrid, type RankSurface } from './surfaceData.js';
import { RANK_METRICS, WEIGHT_PARTS, type GeometryView, type RankMetric, type WeightPart } from './view.js';

export interface GeometryResultView {
  element: HTMLElement;
  show(title: string, result: SpectrumResult): void;
  focus(depth: number | null, tensor: string | null): void;
  dispose(): void;
}

const PART_TEXT: Record<WeightPart, string> = {
  all: 'All',
  attention: 'Attention',
  mlp: 'MLP',
  embedding: 'Embeddings',
  other: 'Other',
};
/** Ranks that the table under the surface lists; the CSV has all. */
const LISTED_RANKS = [1, 2, 5, 10, 20, 30, 40, 50];

export function createGeometryResult(context: PanelContext, store: Store<GeometryView>): GeometryResultView {
  let model: GeometryModel | null = null;
  let title = '';
  let figure: DepthFigure | null = null;
  let overlap: DepthFigure | null = null;
  let surfaces: RankSurface[] = [];
  let curves: DepthFigure[] = [];

  const chooseDepth = (depth: number | null) => {
    store.set({ depth });
    context.announce(
      depth === null || model === null
        ? 'Selection cleared.'
        : `${describeDepth(model, depth)} selected. Its matrices are listed below the figures.`,
    );
  };
  const depthChart = (testId: string, low = false): LineView<DepthFigure> =>
    createLineView<DepthFigure>(context, {
      testId,
      low,
      wholeColumn: true,
      describe: (drawn) =>
        `${describeDepths(model!, drawn)} Left and right walk the layers, up and down the lines, Enter lists a layer’s matrices.`,
      read: (drawn, at) => readDepths(model!, drawn, at.x, at.key),
      tooltip: (drawn, at) => depthTooltip(model!, drawn, at),
      onChoose: (at) => chooseDepth(at?.x ?? null),
    });

  const metricChart = depthChart('metric-figure');
  const overlapChart = depthChart('overlap-figure');
  const maps: {
    map: SurfaceMap;
    chart: LineView<DepthFigure>;
    heading: HTMLElement;
    legend: HTMLElement;
    card: HTMLElement;
  }[] = [];
  const matrices = createMatrices(context, store);
  const detail = createMatrixDetail(context, store);

  // ---- controls ----
  const metricHelp = h('span', { class: 'help-slot' });
  const metric = dropdown<RankMetric>({
    label: 'Metric',
    testId: 'rank-metric',
    choices: RANK_METRICS.map((value) => ({ value, label: RANK_TEXT[value].label })),
    value: store.get().metric,
    onChange: (value) => store.set({ metric: value }),
    after: metricHelp,
  });
  const top = h('span', {});
  const part = dropdown<WeightPart>({
    label: 'Weights',
    testId: 'geometry-part',
    choices: [{ value: 'all', label: 'All' }],
    value: 'all',
    onChange: (value) => store.set({ part: value }),
  });
  const scale = segmented<'linear' | 'log'>({
    label: 'Scale',
    testId: 'geometry-scale',
    choices: [
      { value: 'linear', label: 'Linear' },
      { value: 'log', label: 'Log' },
    ],
    value: store.get().scale,
    onChange: (value) => store.set({ scale: value }),
  });

  const head = h('div', { class: 'top' });
  const notices = h('div', { class: 'overview' });
  const reading = h('p', {
    class: 'reading geometry-reading',
    'data-testid': 'geometry-reading',
    'aria-live': 'polite',
  });
  const legend = h('div', {
    class: 'legend',
    role: 'group',
    'aria-label': 'Lines in the figure',
    'data-testid': 'geometry-legend',
  });
  const metricTitle = h('h2', {});
  const metricNumbers = h('div', {});
  const surfaceCards = h('div', { class: 'surface-cards' });
  const surfaceNumbers = h('div', {});
  const overlapTitle = h('h2', {});
  const overlapLegend = h('div', { class: 'legend' });
  const overlapNumbers = h('div', {});
  const overlapCard = h(
    'section',
    { class: 'card', 'aria-label': 'Overlap of the updates', 'data-testid': 'overlap-card' },
    overlapTitle,
    h(
      'p',
      { class: 'note' },
      'Do consecutive updates share directions? 1: the same subspace. Dotted: the random baseline for subspaces of these sizes.',
    ),
    overlapLegend,
    overlapChart.element,
    overlapNumbers,
  );
  const foot = h('div', {});
  const tensors = h('div', { class: 'tensors' }, matrices.element, detail.element);
  const element = h(
    'div',
    { class: 'geometry', 'data-testid': 'geometry' },
    head,
    notices,
    h(
      'section',
      { class: 'block', 'aria-label': 'Figures' },
      h(
        'div',
        { class: 'toolbar figure-toolbar', role: 'toolbar', 'aria-label': 'What the figures show' },
        metric.element,
        top,
        part.element,
        scale.element,
      ),
      h(
        'section',
        { class: 'card', 'aria-label': 'Rank metrics over layers' },
        metricTitle,
        legend,
        metricChart.element,
        h('p', { class: 'note' }, 'Click a layer to list its matrices.'),
        metricNumbers,
      ),
    ),
    h('section', { class: 'block', 'aria-label': 'Singular values by layer' }, surfaceCards, surfaceNumbers),
    h('section', { class: 'block' }, overlapCard),
    h('section', { class: 'block', 'aria-label': 'Matrices' }, h('h2', {}, 'Matrices'), tensors),
    foot,
  );

  // ---- export ----
  const caption = () => {
    if (model === null) return '';
    const { cuts, mode, filter, provenance: from } = model.result;
    return [
      model.deltas.map((name) => name.full).join(', '),
      mode,
      filter === null ? null : `weights matching ${filter}`,
      store.get().part === 'all' ? null : `${PART_TEXT[store.get().part]} only`,
      model.regions.length === 0 ? null : `regions cut at layers ${cuts[0]} and ${cuts[1]}`,
      `run ${from.runId}`,
    ]
      .filter((text) => text !== null)
      .join(' · ');
  };
  const fileName = (what: string, ending: string) =>
    `${(model?.result.stages.map((stage) => stage.label).join('-') ?? 'geometry').replace(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 80)}-${what}.${ending}`;
  const save = async (name: string, content: string | ArrayBuffer) => {
    if ((await context.ask(context.host.save({ suggestedName: name, content }))) === true)
      context.announce(`Saved ${name}.`);
  };
  const lines = (): DepthFigure[] => [figure, overlap].filter((one) => one !== null);
  const drawing = (drawn: Parameters<typeof linesSvg>[0], what: string, theme: Theme) =>
    linesSvg(
      drawn,
      { title: `${title}: ${what}`, description: drawn.map((one) => one.title).join(', '), caption: caption() },
      theme,
    );
  const surfaceDrawing = (surface: RankSurface, theme: Theme) =>
    heatmapSvg(
      surfaceGrid(surface),
      { label: 'log(σᵢ / σ₁)', format: formatNumber, noise: 'hatched: inside the rounding floor' },
      RANK_STYLE,
      { title: `${title}: ${surface.title}`, description: surface.summary, caption: caption() },
      theme,
    );
  const png = (drawn: Parameters<typeof linesSvg>[0], what: string, name: string) => {
    void context
      .ask(drawingPng(drawing(drawn, what, context.theme.now())))
      .then((bytes) => bytes && save(fileName(name, 'png'), bytes));
  };
  const entries: MenuEntry[] = [
    { heading: 'Numbers' },
    {
      label: 'Matrices as CSV…',
      testId: 'export-spectra-csv',
      run: () => model !== null && void save(fileName('spectra', 'csv'), spectraCsv(model.result)),
    },
    {
      label: 'Figures over layers as CSV…',
      testId: 'export-depth-csv',
      run: () => model !== null && void save(fileName('ranks', 'csv'), depthCsv(model, lines())),
    },
    {
      label: 'Surfaces as CSV…',
      testId: 'export-rank-csv',
      run: () => model !== null && void save(fileName('surfaces', 'csv'), surfaceCsv(model, surfaces)),
    },
    {
      label: 'Result as JSON…',
      testId: 'export-spectrum-json',
      run: () =>
        model !== null && void save(fileName('spectrum', 'json'), `${JSON.stringify(model.result, null, 1)}\n`),
    },
    { heading: 'Figures' },
    {
      label: 'Rank metric as SVG…',
      testId: 'export-metric-svg',
      run: () => figure !== null && void save(fileName('ranks', 'svg'), drawing([figure], figure.title, PAPER).svg),
    },
    {
      label: 'Rank metric as PNG…',
      testId: 'export-metric-png',
      run: () => figure !== null && png([figure], figure.title, 'ranks'),
    },
    {
      label: 'Surfaces as SVG…',
      testId: 'export-rank-svg',
      run() {
        for (const [index, surface] of surfaces.entries())
          void save(
            fileName(`surface-${model?.deltas[index]?.to ?? index}`, 'svg'),
            surfaceDrawing(surface, PAPER).svg,
          );
      },
    },
    {
      label: 'Surfaces as PNG…',
      testId: 'export-rank-png',
      run() {
        for (const [index, surface] of surfaces.entries())
          void context
            .ask(drawingPng(surfaceDrawing(surface, context.theme.now())))
            .then((bytes) => bytes && save(fileName(`surface-${model?.deltas[index]?.to ?? index}`, 'png'), bytes));
      },
    },
    {
      label: 'Every tenth rank as SVG…',
      testId: 'export-tenth-svg',
      run: () =>
        curves.length > 0 && void save(fileName('tenth-ranks', 'svg'), drawing(curves, 'every tenth rank', PAPER).svg),
    },
    {
      label: 'Overlap as SVG…',
      testId: 'export-overlap-svg',
      run: () =>
        overlap !== null && void save(fileName('overlap', 'svg'), drawing([overlap], overlap.title, PAPER).svg),
    },
    {
      label: 'Chosen matrix as SVG…',
      testId: 'export-matrix-svg',
      run() {
        const drawn = detail.current();
        if (drawn === null) context.announce('Choose a matrix first.');
        else
          void save(
            fileName(`matrix-${keyOf(drawn.tensor).replace(/[^\p{L}\p{N}._-]+/gu, '-')}`, 'svg'),
            drawing([drawn.figure], drawn.figure.title, PAPER).svg,
          );
      },
    },
    { heading: 'Copy' },
    {
      label: 'Rank metric as Markdown',
      testId: 'copy-rank-md',
      run() {
        if (model === null || figure === null) return;
        void context
          .ask(context.host.copy({ text: depthMarkdown(model, figure) }))
          .then(() => context.announce('Numbers copied.'));
      },
    },
  ];
  const exporter = menuButton({ label: 'Export', testId: 'export-geometry', entries });
  const again = button({
    label: 'Compute again…',
    title: 'Compute with another mode or other weights',
    testId: 'spectrum-again',
    onClick: () => void context.ask(context.host.leaveSpectrum()),
  });

  // ---- rendering ----
  function showLegend(view: GeometryView): void {
    if (model === null || figure === null) return;
    const many = model.deltas.length > 1;
    const items = model.deltas.map((name) => {
      const shown = figure!.series.some((one) => one.delta === name.index);
      const words = [
        lineSwatch({ colour: name.index, marker: name.index, dash: name.index }),
        h('span', { class: 'legend-name' }, name.full),
      ];
      if (!many) return h('span', { class: 'legend-item' }, ...words);
      const toggle = () => {
        const next = view.hidden.includes(name.index)
          ? view.hidden.filter((one) => one !== name.index)
          : [...view.hidden, name.index];
        if (next.length < model!.deltas.length) store.set({ hidden: next });
      };
      return h(
        'button',
        {
          type: 'button',
          class: 'legend-item',
          'aria-pressed': String(shown),
          title: `${shown ? 'Hide' : 'Show'} ${name.short}`,
          'data-testid': `geometry-legend-${name.index}`,
          on: { click: toggle },
        },
        ...words,
      );
    });
    const corrected = figure.series.find(({ kind }) => kind === 'corrected');
    const hollow = figure.series.some(({ points }) => points.some((point) => point.hollow === true));
    keepFocus(legend, () =>
      replace(
        legend,
        ...items,
        figure!.zones.length === 0
          ? null
          : h('span', { class: 'legend-item' }, floorSwatch(), 'Rounding floor', context.tooltip.help(FLOOR_BAND_HELP)),
        corrected === undefined ? null : h('span', { class: 'legend-item' }, lineSwatch(corrected), 'Floor-corrected'),
        hollow ? h('span', { class: 'muted' }, 'Hollow: explained by the floor.') : null,
        bandNote(figure!, 'range over the layer’s matrices'),
      ),
    );
  }

  function showControls(view: GeometryView): void {
    if (model === null) return;
    metric.set(view.metric);
    scale.set(view.scale);
    scale.element.hidden = view.metric === 'logVolume';
    part.set(view.part);
    if (metricHelp.dataset['for'] !== view.metric) {
      metricHelp.dataset['for'] = view.metric;
      replace(metricHelp, context.tooltip.help(RANK_TEXT[view.metric].help));
    }
    const wanted = view.metric === 'topEnergy' ? model.tops.join() : '';
    if (top.dataset['for'] !== wanted) {
      top.dataset['for'] = wanted;
      replace(
        top,
        wanted === ''
          ? null
          : segmented<string>({
              label: 'k',
              testId: 'top-k',
              choices: model.tops.map((value) => ({ value, label: value })),
              value: view.top,
              onChange: (value) => store.set({ top: value }),
            }).element,
      );
    }
  }

  function numbersTable(
    id: string,
    words: string,
    rows: number,
    headings: readonly string[],
    content: () => Child[],
  ): HTMLElement {
    const body = h('tbody', {});
    const node = folding(
      context,
      { id, open: false, class: 'numbers', title: ['Numbers', h('span', { class: 'muted' }, plural(rows, 'row'))] },
      h(
        'div',
        { class: 'numbers-scroll', tabindex: 0, role: 'region', 'aria-label': words },
        h(
          'table',
          { class: `number-table ${id}`, 'data-testid': `${id}-table` },
          h('thead', {}, h('tr', {}, ...headings.map((text) => h('th', { scope: 'col' }, text)))),
          body,
        ),
      ),
    ) as HTMLDetailsElement;
    // Thousands of cells nobody has asked for would make every change slow.
    const fill = () => node.open && body.childElementCount === 0 && replace(body, ...content());
    node.addEventListener('toggle', fill);
    fill();
    return node;
  }

  function depthNumbers(id: string, drawn: DepthFigure): HTMLElement {
    const shown = model!;
    const rows = depthRows(shown, drawn);
    const overlaps = drawn === overlap;
    return numbersTable(
      id,
      `Numbers of ${drawn.title}`,
      rows.length,
      [
        'Layer',
        'Region',
        'Line',
        drawn.label,
        'Range',
        overlaps ? 'Random baseline' : 'Floor',
        overlaps ? 'Matrices' : 'Explained by the floor',
      ],
      () =>
        rows.map(({ depth, region, name, point }) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, labelDepth(shown, depth)),
            h('td', {}, region),
            h('td', { class: 'text' }, name),
            h('td', { class: point.hollow === true ? 'noisy' : undefined }, drawn.format(point.value!)),
            h(
              'td',
              {},
              point.low === null || point.high === null
                ? ''
                : `${drawn.format(point.low)} – ${drawn.format(point.high)}`,
            ),
            h('td', {}, point.floor === null ? '' : drawn.format(point.floor)),
            h('td', {}, overlaps ? String(point.matrices) : `${point.dominated} of ${point.matrices}`),
          ),
        ),
    );
  }

  function surfaceTable(): HTMLElement {
    const shown = model!;
    const ranks = LISTED_RANKS.filter((rank) => rank <= shown.ranks);
    const rows = surfaces.flatMap((surface, index) =>
      surface.depths.map((depth, column) => ({ surface, index, depth, column })),
    );
    return numbersTable(
      'surface-numbers',
      'Numbers of the surfaces',
      rows.length,
      ['Layer', 'Update', ...ranks.map((rank) => `rank ${rank}`)],
      () =>
        rows.map(({ surface, index, depth, column }) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, labelDepth(shown, depth)),
            h('td', {}, shown.deltas[index]?.short ?? ''),
            ...ranks.map((rank) => {
              const cell = surface.rows[rank - 1]?.[column] ?? null;
              return h(
                'td',
                {
                  class: cell?.inside === true ? 'noisy' : undefined,
                  title: cell?.inside === true ? 'Inside the rounding floor.' : undefined,
                },
                formatNumber(cell?.value),
              );
            }),
          ),
        ),
    );
  }

  function showSurfaces(view: GeometryView, fresh: boolean): void {
    const shown = model!;
    if (fresh) {
      surfaces = shown.deltas.map(({ index }) => rankSurface(shown, index, view.part));
      curves = shown.deltas.map(({ index }) => rankFigure(shown, index, view.part));
      while (maps.length < surfaces.length) {
        const at = maps.length;
        const one = {
          map: createSurfaceMap(context, { testId: `rank-surface-${at}`, onChoose: chooseDepth }),
          chart: depthChart(`rank-curves-${at}`, true),
          heading: h('h2', {}),
          legend: h('div', { class: 'legend rank-legend' }),
        };
        maps.push({
          ...one,
          card: h('section', { class: 'card' }, one.heading, one.map.element, one.legend, one.chart.element),
        });
      }
      const cards = maps.slice(0, surfaces.length).map(({ card }) => card);
      if (
        surfaceCards.childElementCount !== cards.length ||
        cards.some((card, at) => surfaceCards.children[at] !== card)
      )
        replace(surfaceCards, ...cards);
      replace(surfaceNumbers, surfaceTable());
    }
    surfaces.forEach((surface, at) => {
      const { map, chart, heading, legend: own, card } = maps[at]!;
      if (fresh) {
        setText(heading, `${shown.deltas[at]!.full}: log(σᵢ / σ₁) by layer and rank`);
        card.setAttribute('aria-label', heading.textContent);
        replace(
          own,
          ...curves[at]!.series.map((one) => h('span', { class: 'legend-item' }, lineSwatch(one), one.name)),
        );
      }
      map.show(shown, surface, view.depth);
      chart.show(curves[at]!, chosen(view));
    });
  }

  const chosen = (view: GeometryView): LinePlace | null => (view.depth === null ? null : { x: view.depth, key: '' });

  function render(view: GeometryView, before: GeometryView | null): void {
    if (model === null) return;
    const changed = (...keys: (keyof GeometryView)[]) =>
      before === null || keys.some((key) => before[key] !== view[key]);
    showControls(view);
    if (changed('metric', 'top', 'part', 'scale', 'hidden')) {
      figure = metricFigure(model, view);
      setText(metricTitle, figure.title);
      replace(metricNumbers, depthNumbers('metric-numbers', figure));
      showLegend(view);
      metricChart.show(figure, chosen(view));
    } else if (changed('depth') && figure !== null) metricChart.show(figure, chosen(view));
    const fresh = changed('part');
    if (fresh || changed('depth')) showSurfaces(view, fresh);
    if (fresh) {
      overlap = overlapFigure(model, view.part);
      overlapCard.hidden = overlap === null;
      if (overlap !== null) {
        setText(overlapTitle, overlap.title);
        replace(
          overlapLegend,
          ...overlap.series.map((one) => h('span', { class: 'legend-item' }, lineSwatch(one), one.name)),
          h('span', { class: 'legend-item' }, floorSwatch(), 'Random baseline'),
          bandNote(overlap, 'range over the layer’s matrices'),
        );
        replace(overlapNumbers, depthNumbers('overlap-numbers', overlap));
      }
    }
    if (overlap !== null && changed('part', 'depth')) overlapChart.show(overlap, chosen(view));
    detail.show(model, view);
    tensors.classList.toggle('with-detail', !detail.element.hidden);
    matrices.show(model, view);
  }

  const stop = store.subscribe((now, before) => {
    const opened = now.matrix !== null && now.matrix !== before.matrix;
    render(now, before);
    if (opened) reveal(detail.element);
  });

  return {
    element,
    show(nextTitle, result) {
      title = nextTitle;
      const next = indexSpectra(result);
      const { mode, filter } = result;
      // Choices that came from another result may name what this one does not have.
      const view = store.get();
      const patch: Partial<GeometryView> = {};
      const parts = new Set(next.counted.map(({ component }) => component as string));
      if (view.depth !== null && !next.depths.includes(view.depth)) patch.depth = null;
      if (view.matrix !== null && !next.byKey.has(view.matrix)) patch.matrix = null;
      if (!next.tops.includes(view.top) && next.tops.length > 0)
        patch.top = next.tops[Math.min(1, next.tops.length - 1)]!;
      if (view.part !== 'all' && !parts.has(view.part)) patch.part = 'all';
      model = null; // nothing is drawn before all of it fits
      store.set(patch);
      model = next;
      const now = store.get();
      part.setChoices(
        WEIGHT_PARTS.filter((value) => value === 'all' || parts.has(value)).map((value) => ({
          value,
          label: PART_TEXT[value],
        })),
        now.part,
      );
      part.element.hidden = parts.size < 2;
      const refined = model.counted.filter(({ spectra }) =>
        spectra.some((spectrum) => spectrum?.mode === 'exact'),
      ).length;
      const what = [
        mode === 'exact'
          ? 'All singular values, exact'
          : refined > 0
            ? `Estimates with errors; ${refined} exact`
            : 'Estimates with errors',
        plural(result.tensors.length, 'matrix', 'matrices'),
        filter === null ? null : `matching ${filter}`,
      ].filter((text) => text !== null);
      replace(
        head,
        h('div', { class: 'title-row' }, h('h1', {}, title), h('span', { class: 'title-tools' }, again, exporter)),
        stageChips(result.stages),
        h('p', { class: 'muted', 'data-testid': 'spectrum-what' }, what.join(' · ')),
      );
      setText(reading, readSpectra(model).join(' '));
      replace(notices, reading, ...notes(context, model));
      replace(foot, provenance(result));
      render(now, null);
    },
    focus(depth, tensor) {
      if (model === null) return;
      const own = tensor === null ? undefined : model.result.tensors.find(({ name }) => name === tensor);
      store.set({
        depth: depth ?? own?.depth ?? null,
        matrix: own === undefined ? null : keyOf(own),
        query: '',
        part: 'all',
      });
      reveal(own === undefined ? metricChart.element : matrices.element);
    },
    dispose() {
      stop();
      for (const { map, chart } of maps) {
        map.dispose();
        chart.dispose();
      }
      for (const one of [metricChart, overlapChart, matrices, detail]) one.dispose();
    },
  };
}

/** Warnings, and the matrices that could not be taken, by name. */
function notes(context: PanelContext, model: GeometryModel): Child[] {
  const { warnings, missing } = model.result;
  const skipped = model.result.tensors.flatMap((tensor) =>
    tensor.skipped.flatMap((why, from) =>
      why === null ? [] : [{ tensor, why, delta: model.deltas[from]?.short ?? '' }],
    ),
  );
  const LISTED = 200;
  return [
    warnings.length === 0
      ? null
      : folding(
          context,
          {
            id: 'spectrum-warnings',
            open: warnings.length <= 2,
            class: 'warnings',
            title: [icon('warning'), plural(warnings.length, 'warning')],
          },
          h('ul', {}, ...warnings.map((text) => h('li', {}, text))),
        ),
    skipped.length === 0
      ? null
      : folding(
          context,
          {
            id: 'spectrum-skipped',
            open: skipped.length <= 3,
            class: 'missing',
            title: [icon('info'), `${plural(skipped.length, 'spectrum', 'spectra')} could not be computed`],
          },
          h(
            'ul',
            {},
            ...skipped
              .slice(0, LISTED)
              .map(({ tensor, why, delta }) =>
                h('li', {}, h('code', {}, keyOf(tensor)), ' ', h('span', { class: 'muted' }, `${delta}: ${why}`)),
              ),
            skipped.length > LISTED
              ? h('li', { class: 'muted' }, `… and ${skipped.length - LISTED} more, in the exported JSON.`)
              : null,
          ),
        ),
    missing.length === 0
      ? null
      : folding(
          context,
          {
            id: 'spectrum-missing',
            open: false,
            class: 'missing',
            title: [icon('info'), `${plural(missing.length, 'tensor')} without a counterpart`],
          },
          h(
            'ul',
            {},
            ...missing
              .slice(0, LISTED)
              .map(({ name, reason }) => h('li', {}, h('code', {}, name), ' ', h('span', { class: 'muted' }, reason))),
          ),
        ),
  ];
}

function depthTooltip(model: GeometryModel, figure: DepthFigure, at: LinePlace): Child[] {
  const rows = figure.series.flatMap((one) => {
    const point = one.points.find(({ x }) => x === at.x);
    if (point === undefined || point.value === null) return [];
    const overlap = one.kind === 'left' || one.kind === 'right';
    return [
      h(
        'tr',
        { class: one.key === at.key ? 'current' : undefined },
        h('th', { scope: 'row' }, lineSwatch(one), one.name),
        h('td', {}, figure.format(point.value)),
        h(
          'td',
          { class: 'muted range' },
          point.low === null || point.high === null || point.matrices < 2
            ? ''
            : `${figure.format(point.low)} – ${figure.format(point.high)}`,
        ),
        h(
          'td',
          { class: 'muted range' },
          one.kind === 'corrected' || point.floor === null
            ? ''
            : `${overlap ? 'random' : 'floor'} ${figure.format(point.floor)}`,
        ),
      ),
    ];
  });
  const dominated = figure.series.flatMap((one) => {
    const point = one.points.find(({ x }) => x === at.x);
    return one.kind !== 'value' || point === undefined || point.dominated === 0
      ? []
      : [h('div', { class: 'muted' }, `${one.name}: ${dominatedText(point)}`)];
  });
  return [
    h('div', { class: 'tooltip-title' }, h('strong', {}, describeDepth(model, at.x))),
    h('div', { class: 'muted' }, `${figure.label}${figure.range === '' ? '' : `, ${figure.range}`}`),
    h('table', {}, h('tbody', {}, ...rows)),
    ...dominated,
  ];
}
