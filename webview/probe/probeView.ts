/** What the probes found: Localization and Attention, each with its figures, their numbers and what is behind them. */
import type { AttentionResult, ProbeResult } from '../../src/protocol/engineApi.js';
import type { PanelContext } from '../context.js';
import { h, keepFocus, replace, reveal } from '../dom.js';
import { heatmapSvg } from '../exporters/heatmapSvg.js';
import { linesSvg, type Drawing } from '../exporters/linesSvg.js';
import { menuButton, type MenuEntry } from '../exporters/menu.js';
import { PAPER } from '../exporters/palette.js';
import { drawingPng } from '../exporters/png.js';
import type { LinePlace } from '../figure/lines.js';
import { bandNote, dashSwatch, dottedSwatch, lineSwatch } from '../figure/swatch.js';
import { formatRate, plural } from '../format.js';
import { icon } from '../icons.js';
import { segmented } from '../kit.js';
import { finishedText, folding, versionsText } from '../overview/overview.js';
import type { Store } from '../state/store.js';
import { tabs } from '../tabs.js';
import type { Theme } from '../theme.js';
import { createBehind } from './behind.js';
import { createCurveChart, type CurveChart } from './curveFigure.js';
import {
  attentionFigure,
  intervalText,
  numberRows,
  reasoningFigure,
  shiftFigure,
  valueText,
  visionFigure,
  type CurveFigure,
} from './curves.js';
import {
  fileName,
  indexProbes,
  markOfCheckpoint,
  MODE_NAMES,
  PART_NAMES,
  TASK_NAMES,
  TASKS,
  type Curve,
  type ProbeModel,
} from './model.js';
import { attentionCsv, curvesCsv, figuresMarkdown, samplesCsv } from './numbers.js';
import { createPictures } from './pictures.js';
import { createSurface, surfaceGrid, SURFACE_STYLE } from './surface.js';
import type { ProbeView } from './view.js';

export interface ProbesView {
  element: HTMLElement;
  show(title: string, results: readonly ProbeResult[]): void;
  /** Brings a layer (0-based) into view. */
  focus(depth: number | null): void;
  dispose(): void;
}

const ROWS_SHOWN = 600;

export function createProbeView(context: PanelContext, store: Store<ProbeView>): ProbesView {
  let model: ProbeModel | null = null;
  let title = '';
  let results: readonly ProbeResult[] = [];
  const pictures = createPictures();
  const behind = createBehind(context, store, pictures);
  const choose = (choice: LinePlace | null) => {
    store.set(choice === null ? { depth: null, curve: null } : { depth: choice.x, curve: choice.key });
    const curve =
      model === null ? undefined : [...model.vision, ...model.reasoning].find((one) => one.key === choice?.key);
    context.announce(
      choice === null || curve === undefined
        ? 'Selection cleared.'
        : `Layer ${choice.x} selected. Its ${plural(curve.samples.length, 'sample')} are listed below the figures.`,
    );
  };
  const surface = createSurface(context, choose);
  const attention = {
    curves: createCurveChart(context, { testId: 'attention-figure', onChoose: null }),
    shift: createCurveChart(context, { testId: 'shift-figure', onChoose: null, low: true }),
  };
  /** Charts of the localization figures, made as they are needed. */
  const charts: CurveChart[] = [];
  let figures: CurveFigure[] = [];

  // ---- frame ----
  const tabList = tabs<ProbeView['tab']>({
    label: 'Probes',
    choices: [
      { value: 'localization', label: 'Localization' },
      { value: 'attention', label: 'Attention' },
    ],
    onChange: (tab) => store.set({ tab }),
  });
  const top = h('div', { class: 'top' });
  const notices = h('div', { class: 'overview' });
  const toolbar = h('div', { class: 'toolbar figure-toolbar', role: 'toolbar', 'aria-label': 'What the figures show' });
  const legend = h('div', { class: 'legend probe-legend', 'data-testid': 'probe-legend' });
  const curveCards = h('div', { class: 'curve-cards' });
  const surfaceCard = h(
    'section',
    { class: 'card', 'aria-label': 'Function by layer' },
    h('h2', {}, 'Function by layer'),
    surface.element,
  );
  const numbers = h('div', {});
  const localizationEmpty = h(
    'p',
    { class: 'muted empty-tab' },
    'This run has no localization. Choose Vision localization or Reasoning localization in “Probe Checkpoint…”.',
  );
  const localization = h(
    'div',
    {
      role: 'tabpanel',
      id: 'tabpanel-localization',
      'aria-labelledby': 'tab-localization',
      'data-testid': 'localization',
    },
    toolbar,
    legend,
    localizationEmpty,
    curveCards,
    surfaceCard,
    behind.element,
    numbers,
  );

  const measure = segmented<'mean' | 'mass'>({
    label: 'Measure',
    testId: 'attention-measure',
    choices: [
      { value: 'mean', label: 'Mean', title: 'Averaged over heads, reasoning tokens and visual tokens' },
      {
        value: 'mass',
        label: 'Mass',
        title: 'Summed over the visual tokens: the fraction of attention on the image',
      },
    ],
    value: store.get().measure,
    onChange: (value) => store.set({ measure: value }),
  });
  const measureNote = h('p', { class: 'note', 'data-testid': 'attention-note' });
  const attentionLegend = h('div', { class: 'legend probe-legend' });
  const shiftTitle = h('h2', {});
  const shiftCard = h(
    'section',
    { class: 'card', 'aria-label': 'Shift' },
    shiftTitle,
    h(
      'p',
      { class: 'note' },
      'Difference of the mean weight, paired over samples, with its 95% interval. Where the interval excludes zero, attention has shifted.',
    ),
    attention.shift.element,
  );
  const attentionEmpty = h(
    'p',
    { class: 'muted empty-tab' },
    'This run did not measure attention. Choose Attention shift in “Probe Checkpoint…” and the two checkpoints to compare.',
  );
  const attentionSamples = h('div', {});
  const attentionNumbers = h('div', {});
  const attentionBody = h(
    'div',
    {},
    h(
      'div',
      { class: 'toolbar figure-toolbar', role: 'toolbar', 'aria-label': 'What the figure shows' },
      measure.element,
    ),
    attentionLegend,
    h(
      'div',
      { class: 'curve-cards' },
      h(
        'section',
        { class: 'card', 'aria-label': 'Attention by layer' },
        h('h2', {}, 'From reasoning tokens to visual tokens'),
        measureNote,
        attention.curves.element,
      ),
      shiftCard,
    ),
    attentionSamples,
    attentionNumbers,
  );
  const attentionPanel = h(
    'div',
    { role: 'tabpanel', id: 'tabpanel-attention', 'aria-labelledby': 'tab-attention', 'data-testid': 'attention' },
    attentionEmpty,
    attentionBody,
  );
  const foot = h('div', {});
  const element = h(
    'div',
    { class: 'probe', 'data-testid': 'probe' },
    top,
    notices,
    tabList.element,
    localization,
    attentionPanel,
    foot,
  );

  // ---- export ----
  const caption = () => {
    if (model === null) return '';
    const files = [...new Set(results.map((result) => fileName(result.data)))].join(', ');
    return `${model.checkpoints.map(({ label }) => label).join(', ')} · ${files} · 95% intervals · regions cut at layers ${model.cuts.join(' and ')}`;
  };
  const name = (what: string, ending: string) =>
    `${(model?.checkpoints.map(({ label }) => label).join('-') ?? 'probe').replace(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 80)}-${what}.${ending}`;
  const save = async (file: string, content: string | ArrayBuffer) => {
    if ((await context.ask(context.host.save({ suggestedName: file, content }))) === true)
      context.announce(`Saved ${file}.`);
  };
  const inSight = (): { figures: CurveFigure[]; what: string } => {
    if (model === null) return { figures: [], what: 'probe' };
    if (store.get().tab === 'localization') return { figures, what: 'localization' };
    return {
      figures: [attentionFigure(model, store.get().measure, store.get().hiddenCheckpoints), shiftFigure(model)].filter(
        (one) => one !== null,
      ),
      what: 'attention',
    };
  };
  const drawing = (theme: Theme) => {
    const now = inSight();
    const words = {
      title: `${title}: ${now.figures.length === 1 ? now.figures[0]!.title : now.what === 'attention' ? 'attention' : 'functional localization'}`,
      description: now.figures.map((one) => one.title).join(', '),
      caption: caption(),
    };
    return now.figures.length === 0 ? null : { ...linesSvg(now.figures, words, theme), what: now.what };
  };
  const surfaceDrawing = (theme: Theme): Drawing | null => {
    const curves = visible();
    if (model === null || curves.length === 0) return null;
    const words = {
      title: `${title}: function by layer`,
      description: 'Fraction of answers that changed',
      caption: caption(),
    };
    return heatmapSvg(
      surfaceGrid(model, curves),
      { label: curves[0]!.task === null ? 'wrong answers' : 'answers that changed', format: formatRate },
      SURFACE_STYLE,
      words,
      theme,
    );
  };
  const entries: MenuEntry[] = [
    { heading: 'Numbers' },
    {
      label: 'Curves as CSV…',
      testId: 'export-curves-csv',
      run: () =>
        model !== null &&
        void save(
          name(inSight().what, 'csv'),
          store.get().tab === 'attention'
            ? attentionCsv(model)
            : curvesCsv(model, [...model.vision, ...model.reasoning]),
        ),
    },
    {
      label: 'Samples and answers as CSV…',
      testId: 'export-samples-csv',
      run: () =>
        model !== null && void save(name('answers', 'csv'), samplesCsv(model, [...model.vision, ...model.reasoning])),
    },
    {
      label: 'Result as JSON…',
      testId: 'export-probe-json',
      run: () =>
        void save(name('probe', 'json'), `${JSON.stringify(results.length === 1 ? results[0] : results, null, 1)}\n`),
    },
    { heading: 'Visible figures' },
    {
      label: 'Curves as SVG…',
      testId: 'export-curves-svg',
      run: () => {
        const drawn = drawing(PAPER);
        if (drawn !== null) void save(name(drawn.what, 'svg'), drawn.svg);
      },
    },
    {
      label: 'Curves as PNG…',
      testId: 'export-curves-png',
      run: () => {
        const drawn = drawing(context.theme.now());
        if (drawn !== null)
          void context.ask(drawingPng(drawn)).then((bytes) => bytes && save(name(drawn.what, 'png'), bytes));
      },
    },
    {
      label: 'Heat map as SVG…',
      testId: 'export-surface-svg',
      run: () => {
        const drawn = surfaceDrawing(PAPER);
        if (drawn !== null) void save(name('surface', 'svg'), drawn.svg);
      },
    },
    {
      label: 'Heat map as PNG…',
      testId: 'export-surface-png',
      run: () => {
        const drawn = surfaceDrawing(context.theme.now());
        if (drawn !== null)
          void context.ask(drawingPng(drawn)).then((bytes) => bytes && save(name('surface', 'png'), bytes));
      },
    },
    { heading: 'Copy' },
    {
      label: 'Numbers as Markdown',
      testId: 'copy-probe-md',
      run: () => {
        if (model === null) return;
        void context
          .ask(context.host.copy({ text: figuresMarkdown(model, inSight().figures) }))
          .then(() => context.announce('Numbers copied.'));
      },
    },
  ];
  const exporter = menuButton({ label: 'Export', testId: 'export', entries });

  // ---- localization ----
  /** The study in hand: what was asked for, or the one there is. */
  function study(view: ProbeView): 'vision' | 'reasoning' {
    if (model === null || model[view.study].length > 0) return view.study;
    return view.study === 'vision' ? 'reasoning' : 'vision';
  }
  function variants(curves: readonly Curve[]): string[] {
    return [...new Set(curves.map((curve) => curve.variant))];
  }
  function ofVariant(view: ProbeView): Curve[] {
    if (model === null) return [];
    const curves = model[study(view)];
    const wanted = study(view) === 'vision' ? view.mode : view.part;
    const variant = variants(curves).includes(wanted) ? wanted : variants(curves)[0];
    return curves.filter((curve) => curve.variant === variant);
  }
  function visible(view = store.get()): Curve[] {
    const curves = ofVariant(view);
    const shown = curves.filter(
      (curve) => !view.hiddenCheckpoints.includes(curve.checkpoint) && !view.hiddenTasks.includes(curve.task ?? ''),
    );
    return (shown.length > 0 ? shown : curves).toSorted(
      (a, b) =>
        TASKS.indexOf(a.task ?? 'counting') - TASKS.indexOf(b.task ?? 'counting') || a.checkpoint - b.checkpoint,
    );
  }
  const layoutOf = (view: ProbeView, curves: readonly Curve[]): 'together' | 'apart' =>
    view.layout ?? (new Set(curves.map((curve) => curve.checkpoint)).size > 1 ? 'apart' : 'together');

  const studyControl = segmented<'vision' | 'reasoning'>({
    label: 'Function',
    testId: 'study',
    choices: [
      { value: 'vision', label: 'Vision' },
      { value: 'reasoning', label: 'Reasoning' },
    ],
    value: store.get().study,
    onChange: (value) => store.set({ study: value, depth: null, curve: null, sample: null }),
  });
  const layoutControl = segmented<'together' | 'apart'>({
    label: 'Curves',
    testId: 'layout',
    choices: [
      { value: 'together', label: 'Together', title: 'All curves in one figure' },
      { value: 'apart', label: 'By function', title: 'One figure per function' },
    ],
    value: 'together',
    onChange: (value) => store.set({ layout: value }),
  });

  function showToolbar(view: ProbeView): void {
    if (model === null) return;
    const now = study(view);
    const curves = model[now];
    const variant = ofVariant(view)[0]?.variant;
    studyControl.set(now);
    layoutControl.set(layoutOf(view, visible(view)));
    const several = variants(curves);
    const variantControl =
      several.length < 2
        ? null
        : segmented<string>({
            label: now === 'vision' ? 'Swapped' : 'Skipped',
            testId: 'variant',
            choices: several.map((value) => ({
              value,
              label:
                value in MODE_NAMES
                  ? MODE_NAMES[value as keyof typeof MODE_NAMES]
                  : PART_NAMES[value as keyof typeof PART_NAMES],
            })),
            value: variant ?? '',
            onChange: (value) =>
              store.set({
                ...(now === 'vision' ? { mode: value as ProbeView['mode'] } : { part: value as ProbeView['part'] }),
                depth: null,
                curve: null,
                sample: null,
              }),
          }).element;
    const what =
      variant === undefined
        ? null
        : h(
            'span',
            { class: 'muted variant-note', 'data-testid': 'variant-note' },
            now === 'vision'
              ? `Visual tokens swapped ${MODE_NAMES[variant as keyof typeof MODE_NAMES]}`
              : `Layers skipped: ${PART_NAMES[variant as keyof typeof PART_NAMES]}`,
          );
    keepFocus(toolbar, () =>
      replace(
        toolbar,
        model!.vision.length > 0 && model!.reasoning.length > 0 ? studyControl.element : null,
        variantControl ?? what,
        now === 'vision' && variants(curves).length > 0 && new Set(ofVariant(view).map(({ task }) => task)).size > 1
          ? layoutControl.element
          : null,
      ),
    );
  }

  /** Functions and checkpoints, each a switch; the line samples say what is told by what. */
  function showLegend(view: ProbeView): void {
    if (model === null) return;
    const curves = ofVariant(view);
    const tasks = TASKS.filter((task) => curves.some((curve) => curve.task === task));
    const stages = model.checkpoints
      .map((checkpoint, index) => ({ checkpoint, index }))
      .filter(({ index }) => curves.some((curve) => curve.checkpoint === index));
    const together = layoutOf(view, visible(view)) === 'together' && study(view) === 'vision';
    const item = (options: {
      pressed: boolean;
      label: string;
      swatch: SVGSVGElement | null;
      testId: string;
      toggle: () => void;
      alone: boolean;
    }) =>
      options.alone
        ? h('span', { class: 'legend-item' }, options.swatch, h('span', { class: 'legend-name' }, options.label))
        : h(
            'button',
            {
              type: 'button',
              class: 'legend-item',
              'aria-pressed': String(options.pressed),
              title: `${options.pressed ? 'Hide' : 'Show'} ${options.label}`,
              'data-testid': options.testId,
              on: { click: options.toggle },
            },
            options.swatch,
            h('span', { class: 'legend-name' }, options.label),
          );
    const flip = <T>(list: readonly T[], value: T, all: number): readonly T[] =>
      list.includes(value) ? list.filter((one) => one !== value) : list.length + 1 < all ? [...list, value] : list;
    const functions = tasks.map((task) => {
      const index = TASKS.indexOf(task);
      return item({
        label: TASK_NAMES[task],
        swatch: together ? lineSwatch({ colour: index, marker: index, dash: stages.length > 1 ? 0 : index }) : null,
        pressed: !view.hiddenTasks.includes(task),
        testId: `legend-${task}`,
        alone: tasks.length < 2,
        toggle: () =>
          store.set({
            hiddenTasks: flip(
              view.hiddenTasks.filter((one) => tasks.some((known) => known === one)),
              task as string,
              tasks.length,
            ),
          }),
      });
    });
    const stageItems = stages.map(({ checkpoint, index }) => {
      const mark = markOfCheckpoint(model!, index);
      const dash = together ? model!.checkpoints.length - 1 - index : mark;
      return item({
        label: checkpoint.label,
        swatch: together
          ? stages.length > 1
            ? dashSwatch(dash)
            : null
          : lineSwatch({ colour: mark, marker: mark, dash }),
        pressed: !view.hiddenCheckpoints.includes(index),
        testId: `legend-checkpoint-${index}`,
        alone: stages.length < 2,
        toggle: () =>
          store.set({
            hiddenCheckpoints: flip(
              view.hiddenCheckpoints.filter((one) => stages.some((known) => known.index === one)),
              index,
              stages.length,
            ),
          }),
      });
    });
    const baseline = curves.some((curve) => curve.baseline !== null)
      ? h('span', { class: 'legend-item' }, dottedSwatch(), 'Unmodified model')
      : null;
    keepFocus(legend, () =>
      replace(
        legend,
        ...(tasks.length > 0
          ? [h('span', { class: 'legend-group', role: 'group', 'aria-label': 'Functions' }, ...functions)]
          : []),
        stages.length > 1 || !together
          ? h('span', { class: 'legend-group', role: 'group', 'aria-label': 'Checkpoints' }, ...stageItems)
          : null,
        baseline,
        figures[0] === undefined ? null : bandNote(figures[0], '95% interval'),
      ),
    );
  }

  function showLocalization(view: ProbeView): void {
    if (model === null) return;
    const curves = visible(view);
    const empty = curves.length === 0;
    localizationEmpty.hidden = !empty;
    for (const part of [toolbar, legend, curveCards, surfaceCard, numbers]) part.hidden = empty;
    if (empty) {
      figures = [];
      behind.element.hidden = true;
      return;
    }
    showToolbar(view);
    const now = study(view);
    const chosen: LinePlace | null =
      view.depth === null || view.curve === null ? null : { x: view.depth, key: view.curve };
    const tasks = TASKS.filter((task) => curves.some((curve) => curve.task === task));
    const shown = model;
    if (now === 'reasoning') figures = [reasoningFigure(shown, curves, 'Reasoning by layer')];
    else if (layoutOf(view, curves) === 'together' || tasks.length < 2)
      figures = [
        visionFigure(
          shown,
          curves,
          tasks.length === 1 ? TASK_NAMES[tasks[0]!] : 'Vision by layer',
          layoutOf(view, curves) === 'together' ? 'task' : 'checkpoint',
        ),
      ];
    else
      figures = tasks.map((task) =>
        visionFigure(
          shown,
          curves.filter((curve) => curve.task === task),
          TASK_NAMES[task],
          'checkpoint',
        ),
      );
    showLegend(view);
    while (charts.length < figures.length)
      charts.push(createCurveChart(context, { testId: `curves-${charts.length}`, onChoose: choose }));
    const cards = figures.map((figure, at) => ({ figure, chart: charts[at]! }));
    const wanted = cards.map(({ figure }) => `${figure.title} ${countText(figure)}`).join('\n');
    if (curveCards.dataset['for'] !== wanted) {
      curveCards.dataset['for'] = wanted;
      keepFocus(curveCards, () =>
        replace(
          curveCards,
          ...cards.map(({ figure, chart }) =>
            h(
              'section',
              { class: 'card', 'aria-label': figure.title },
              h('h2', {}, figure.title),
              chart.element,
              h(
                'p',
                { class: 'note', 'data-testid': 'click-note' },
                `${countText(figure)}click a point for its samples`,
              ),
            ),
          ),
        ),
      );
    }
    curveCards.classList.toggle('many', figures.length > 1);
    for (const { figure, chart } of cards) chart.show(shown, figure, chosen);
    surfaceCard.hidden = curves.length < 2 || now === 'reasoning';
    if (!surfaceCard.hidden) surface.show(shown, curves, chosen);
    behind.show(shown, curves, view);
    showNumbers(numbers, 'probe-numbers', figures);
  }

  function showNumbers(where: HTMLElement, id: string, drawn: readonly CurveFigure[]): void {
    if (model === null) return;
    const rows = numberRows(model, drawn);
    const open = where.querySelector('details')?.open;
    const node = folding(
      context,
      {
        id,
        open: open ?? false,
        class: 'numbers',
        title: ['Numbers', h('span', { class: 'muted' }, plural(rows.length, 'row'))],
      },
      h(
        'div',
        { class: 'numbers-scroll', tabindex: 0, role: 'region', 'aria-label': 'Numbers of the figures' },
        h(
          'table',
          { class: 'number-table', 'data-testid': `${id}-table` },
          h(
            'thead',
            {},
            h(
              'tr',
              {},
              ...['Layer', 'Region', 'Curve', drawn[0]?.label ?? 'Value', '95%', 'n'].map((text) =>
                h('th', { scope: 'col' }, text),
              ),
            ),
          ),
          h(
            'tbody',
            {},
            ...rows
              .slice(0, ROWS_SHOWN)
              .map(({ depth, region, name: curve, point, figure }) =>
                h(
                  'tr',
                  {},
                  h('th', { scope: 'row' }, String(depth)),
                  h('td', {}, region),
                  h('td', { class: 'text' }, curve),
                  h('td', {}, valueText(figure, point.value)),
                  h('td', {}, intervalText(figure, point)),
                  h('td', {}, point.n === null ? '' : String(point.n)),
                ),
              ),
          ),
        ),
      ),
      rows.length > ROWS_SHOWN
        ? h('p', { class: 'muted' }, `The first ${ROWS_SHOWN} rows; the CSV export has all.`)
        : null,
    );
    replace(where, node);
  }

  // ---- attention ----
  function showAttention(view: ProbeView): void {
    if (model === null) return;
    const figure = attentionFigure(model, view.measure, view.hiddenCheckpoints);
    attentionEmpty.hidden = figure !== null;
    attentionBody.hidden = figure === null;
    const result = model.attention[0];
    if (figure === null || result === undefined) return;
    measure.set(view.measure);
    measureNote.textContent =
      view.measure === 'mean'
        ? 'Mean: averaged over heads, reasoning tokens and visual tokens. More visual tokens lower it.'
        : 'Mass: summed over the visual tokens, averaged over heads and reasoning tokens: the fraction of attention on the image.';
    replace(
      attentionLegend,
      ...figure.series.map((one) => h('span', { class: 'legend-item' }, lineSwatch(one), one.name)),
      bandNote(figure, '95% interval'),
      h('span', { class: 'muted' }, `n = ${result.samples.length}`),
    );
    attention.curves.show(model, figure, null);
    const shift = shiftFigure(model);
    shiftCard.hidden = shift === null;
    if (shift !== null) {
      shiftTitle.textContent = `Shift, ${shift.series[0]!.name}`;
      attention.shift.show(model, shift, null);
    }
    showAttentionSamples(result, view);
    showNumbers(attentionNumbers, 'attention-numbers', shift === null ? [figure] : [figure, shift]);
  }

  function showAttentionSamples(result: AttentionResult, view: ProbeView): void {
    const index = results.indexOf(result);
    const open = result.samples.find(({ id }) => id === view.sample);
    const list = h(
      'div',
      {
        class: 'sample-list',
        role: 'listbox',
        tabindex: 0,
        'aria-label': 'Samples',
        'data-testid': 'attention-samples',
      },
      ...result.samples.slice(0, 400).map((sample) =>
        h(
          'div',
          {
            class: 'sample-row',
            role: 'option',
            'aria-selected': String(sample.id === open?.id),
            'data-sample': sample.id,
            on: { click: () => store.set({ sample: sample.id }) },
          },
          h(
            'span',
            { class: 'sample-text' },
            h('span', { class: 'sample-prompt' }, sample.prompt.replace(/<image>\s*/g, '')),
            h(
              'span',
              { class: 'sample-answers whole' },
              `${plural(sample.visualTokens, 'visual token')} · ${reasoningText(result, sample.reasoningTokens)}`,
            ),
          ),
        ),
      ),
    );
    list.addEventListener('keydown', (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const at = result.samples.findIndex(({ id }) => id === store.get().sample);
      const next = result.samples[Math.max(0, Math.min(result.samples.length - 1, at + step))];
      if (next !== undefined) store.set({ sample: next.id });
    });
    const detail =
      open === undefined
        ? h('p', { class: 'muted' }, 'Choose a sample to see its image and what each checkpoint answered.')
        : h(
            'div',
            {},
            h(
              'div',
              { class: 'sample-head' },
              h('code', {}, open.id),
              h('p', { class: 'sample-question' }, open.prompt.replace(/<image>\s*/g, '')),
            ),
            open.image === ''
              ? null
              : h(
                  'div',
                  { class: 'picture-pair' },
                  ...(open.images ?? [open.image]).map((_, image) =>
                    h(
                      'figure',
                      {},
                      pictures.frame(`${index}/${open.id}/image/${image}`, `Image ${image + 1}`, () =>
                        context.host.picture({ result: index, sample: open.id, which: 'image', index: image }),
                      ),
                    ),
                  ),
                ),
            h(
              'dl',
              { class: 'sample-facts' },
              ...open.answers.flatMap((text, at) => [
                h('dt', {}, result.checkpoints[at]?.label ?? ''),
                h('dd', {}, h('q', { class: 'answer long' }, text.trim())),
              ]),
            ),
          );
    const scroll = attentionSamples.querySelector('.sample-list')?.scrollTop ?? 0;
    keepFocus(attentionSamples, () =>
      replace(
        attentionSamples,
        h(
          'section',
          { class: 'block behind', 'aria-label': 'Samples' },
          h(
            'div',
            { class: 'behind-head' },
            h('h2', {}, 'Samples'),
            h('span', { class: 'muted' }, String(result.samples.length)),
          ),
          h(
            'div',
            { class: 'behind-body' },
            list,
            h('div', { class: 'sample-detail', 'data-testid': 'attention-sample' }, detail),
          ),
        ),
      ),
    );
    attentionSamples.querySelector('.sample-list')!.scrollTop = scroll;
  }

  function render(view: ProbeView): void {
    if (model === null) return;
    const has = {
      localization: model.vision.length + model.reasoning.length > 0,
      attention: model.attention.length > 0,
    };
    // A tab without anything in it is never the first to be seen.
    const tab =
      has[view.tab] || !Object.values(has).includes(true)
        ? view.tab
        : view.tab === 'localization' && !touched
          ? 'attention'
          : view.tab;
    tabList.set(tab);
    localization.hidden = tab !== 'localization';
    attentionPanel.hidden = tab !== 'attention';
    if (tab === 'localization') showLocalization(view);
    else showAttention(view);
  }

  let touched = false;
  const stop = store.subscribe((now, before) => {
    if (now.tab !== before.tab) touched = true;
    const opened = now.curve !== null && before.curve === null;
    render(now);
    if (opened) reveal(behind.element);
  });

  return {
    element,
    show(nextTitle, nextResults) {
      results = nextResults;
      model = indexProbes(results);
      title = nextTitle;
      replace(top, h('div', { class: 'title-row' }, h('h1', {}, title), exporter), chips(model));
      replace(
        notices,
        model.warnings.length === 0
          ? null
          : folding(
              context,
              {
                id: 'probe-warnings',
                open: model.warnings.length <= 2,
                class: 'warnings',
                title: [icon('warning'), plural(model.warnings.length, 'warning')],
              },
              h('ul', {}, ...model.warnings.map((text) => h('li', {}, text))),
            ),
      );
      replace(foot, provenance(results));
      const view = store.get();
      const curve = [...model.vision, ...model.reasoning].find(({ key }) => key === view.curve);
      if (view.curve !== null && curve === undefined) store.set({ curve: null, depth: null, sample: null });
      render(store.get());
    },
    focus(depth) {
      const view = store.get();
      const curve = visible(view).find((one) => one.points.some((point) => point.depth === depth));
      if (depth === null || curve === undefined) return;
      const peak = visible(view).reduce(
        (best, one) =>
          (one.points.find((point) => point.depth === depth)?.value ?? -1) >
          (best.points.find((point) => point.depth === depth)?.value ?? -1)
            ? one
            : best,
        curve,
      );
      store.set({ tab: 'localization', depth, curve: peak.key });
    },
    dispose() {
      stop();
      for (const chart of [...charts, attention.curves, attention.shift]) chart.dispose();
      surface.dispose();
      pictures.dispose();
    },
  };
}

/** `n = 60 · `: how many samples a point stands for; a range where points differ. */
function countText({ series }: CurveFigure): string {
  const counts = series.flatMap(({ points }) => points.flatMap(({ n }) => (n === null ? [] : [n])));
  if (counts.length === 0) return '';
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return `n = ${least === most ? least : `${least}–${most}`} · `;
}

/** `38 reasoning tokens`, `38 reasoning tokens (in) / 41 (rl)`. */
function reasoningText({ checkpoints }: AttentionResult, counts: readonly number[]): string {
  const [first = 0, ...others] = counts;
  if (others.length === 0) return plural(first, 'reasoning token');
  const label = (at: number) => checkpoints[at]?.label ?? '';
  return [
    `${plural(first, 'reasoning token')} (${label(0)})`,
    ...others.map((count, at) => `${count} (${label(at + 1)})`),
  ].join(' / ');
}

function chips(model: ProbeModel): HTMLElement {
  return h(
    'ol',
    { class: 'stages', 'aria-label': 'Checkpoints' },
    ...model.checkpoints.map((checkpoint, index) =>
      h(
        'li',
        { class: 'stage', title: checkpoint.path, 'data-testid': `checkpoint-${index}` },
        h('strong', {}, checkpoint.label),
        h('span', { class: 'muted' }, `${checkpoint.family} · ${plural(checkpoint.layers, 'layer')}`),
      ),
    ),
  );
}

function provenance(results: readonly ProbeResult[]): HTMLElement {
  const runs = results.map(({ provenance: from }) => from.runId);
  const first = results[0];
  const facts =
    first === undefined
      ? ''
      : ` · ${finishedText(first.provenance)} · at most ${first.maxNewTokens} new tokens · seed ${first.seed} · cuts ${first.cuts.join(', ')} · ${versionsText(first.provenance)}`;
  const files = [...new Set(results.map(({ data }) => fileName(data)))].join(', ');
  return h(
    'footer',
    { class: 'provenance muted', 'data-testid': 'provenance', title: runs.join('\n') },
    `${runs.length === 1 ? 'Run' : 'Runs'} ${runs.slice(0, 3).join(', ')}${runs.length > 3 ? ` and ${runs.length - 3} more` : ''} · ${files}${facts}`,
  );
}
