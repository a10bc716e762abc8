/** Transfer: what each checkpoint and hybrid can do, against IN or RL, with the questions behind every number. */
import type { AbilityName, EvaluateResult } from '../../src/protocol/engineApi.js';
import type { PanelContext } from '../context.js';
import { h, replace, reveal } from '../dom.js';
import { linesSvg } from '../exporters/linesSvg.js';
import { menuButton, type MenuEntry } from '../exporters/menu.js';
import { PAPER } from '../exporters/palette.js';
import { drawingPng } from '../exporters/png.js';
import { createLineView } from '../figure/lineView.js';
import type { LineFigure, LinePlace } from '../figure/lines.js';
import { bandNote, lineSwatch } from '../figure/swatch.js';
import { formatShare, plural } from '../format.js';
import { icon } from '../icons.js';
import { segmented } from '../kit.js';
import { finishedText, folding, versionsText } from '../overview/overview.js';
import { createPictures } from '../probe/pictures.js';
import type { Store } from '../state/store.js';
import type { Theme } from '../theme.js';
import { createForest } from './forest.js';
import { forestSvg } from './forestSvg.js';
import {
  ABILITY_MEANINGS,
  ABILITY_NAMES,
  againstText,
  comparisonOf,
  intervalText,
  modelOf,
  probability,
  reading,
  referenceOf,
  scoreOf,
  SETTING_NAMES,
  type TransferModel,
} from './model.js';
import { answersCsv, scoresCsv, tableMarkdown } from './numbers.js';
import { createQuestionsPane } from './questions.js';
import { checkpointAt, sweepFigure } from './sweep.js';
import './transfer.css';
import type { TransferView } from './view.js';

export interface EvaluationView {
  element: HTMLElement;
  show(title: string, result: EvaluateResult): void;
  dispose(): void;
}

export function createTransferView(context: PanelContext, store: Store<TransferView>): EvaluationView {
  let model: TransferModel | null = null;
  let title = '';
  const pictures = createPictures();
  const questions = createQuestionsPane(context, store, pictures);
  const choose = (checkpoint: number, ability: AbilityName) => {
    const view = store.get();
    const again = view.checkpoint === checkpoint && view.ability === ability;
    store.set(again ? { checkpoint: null, ability: null, question: null } : { checkpoint, ability, question: null });
    context.announce(
      again
        ? 'Selection cleared.'
        : `${model!.rows[checkpoint]!.label}, ${ABILITY_NAMES[ability]}. Its questions are listed below.`,
    );
  };
  const forest = createForest(context, choose);
  let figure: LineFigure | null = null;
  const chart = createLineView<LineFigure>(context, {
    testId: 'sweep-figure',
    describe: (drawn) =>
      `${drawn.title}: ${drawn.series.map(({ name }) => name).join(', ')}, each with its 95% interval. Left and right walk along, up and down change the ability, Enter shows the questions.`,
    tooltip: (drawn, at) => [
      h('strong', {}, nameAt(at)),
      h(
        'table',
        {},
        h(
          'tbody',
          {},
          ...drawn.series.map((one) => {
            const point = one.points.find(({ x }) => x === at.x);
            return h(
              'tr',
              { class: one.key === at.key ? 'current' : undefined },
              h('th', { scope: 'row' }, lineSwatch(one), one.name),
              h('td', {}, formatShare(point?.value)),
              h(
                'td',
                { class: 'muted' },
                point?.low === null || point === undefined ? '' : intervalText({ low: point.low, high: point.high! }),
              ),
            );
          }),
        ),
      ),
    ],
    read: (drawn, at) => {
      const one = drawn.series.find(({ key }) => key === at.key)!;
      const point = one.points.find(({ x }) => x === at.x);
      return `${nameAt(at)}, ${one.name}: ${formatShare(point?.value)}`;
    },
    onChoose: (place: LinePlace | null) => {
      const checkpoint = place === null || model === null ? undefined : checkpointAt(model, place.x);
      if (place === null || checkpoint === undefined) store.set({ checkpoint: null, ability: null, question: null });
      else choose(checkpoint, place.key as AbilityName);
    },
  });
  const nameAt = ({ x }: LinePlace): string => {
    const checkpoint = model === null ? undefined : checkpointAt(model, x);
    return checkpoint === undefined ? String(x) : model!.rows[checkpoint]!.label;
  };

  const top = h('div', { class: 'top' });
  const notices = h('div', { class: 'overview' });
  const said = h('div', { class: 'transfer-reading', 'data-testid': 'reading' });
  const tools = h('div', { class: 'toolbar figure-toolbar', role: 'toolbar', 'aria-label': 'What the table shows' });
  const legend = h('div', { class: 'legend' });
  const sweepCard = h(
    'section',
    { class: 'card', 'aria-label': 'Sweep' },
    h('h2', {}, 'Sweep'),
    legend,
    chart.element,
    h('p', { class: 'note' }, 'Click a point for its questions.'),
  );
  const tableCard = h(
    'section',
    { class: 'card', 'aria-label': 'Abilities' },
    h('h2', {}, 'Abilities'),
    forest.element,
    h(
      'p',
      { class: 'note forest-key' },
      'Dot: fraction of questions. Line: 95% interval (Wilson). Dotted: the reference. ▲ ▼: differs significantly from the reference (McNemar, Holm-corrected over all comparisons, p < 0.05), in percentage points. Click a cell for its questions.',
    ),
  );
  const numbers = h('div', {});
  const foot = h('div', {});
  const element = h(
    'div',
    { class: 'transfer', 'data-testid': 'transfer' },
    top,
    notices,
    said,
    tools,
    h('div', { class: 'curve-cards' }, sweepCard, tableCard),
    questions.element,
    numbers,
    foot,
  );

  // ---- export ----
  const name = (what: string, ending: string) =>
    `${title.replace(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 80) || 'evaluation'}-${what}.${ending}`;
  const caption = () =>
    model === null
      ? ''
      : `${model.result.sets.map((set) => `${set.name} (${set.questions})`).join(', ')} · 95% intervals · at most ${model.result.maxNewTokens} new tokens · ${model.result.grader === null ? 'rule-based grading' : `rule-based grading, then ${model.result.grader}`}`;
  const save = async (file: string, content: string | ArrayBuffer) => {
    if ((await context.ask(context.host.save({ suggestedName: file, content }))) === true)
      context.announce(`Saved ${file}.`);
  };
  const drawing = (theme: Theme) => {
    const words = { title, description: reading(model!, against()).join(' '), caption: caption() };
    return figure === null ? forestSvg(model!, against(), words, theme) : linesSvg([figure], words, theme);
  };
  const entries: MenuEntry[] = [
    { heading: 'Numbers' },
    {
      label: 'Abilities as CSV…',
      testId: 'export-scores-csv',
      run: () => model && void save(name('abilities', 'csv'), scoresCsv(model)),
    },
    {
      label: 'Questions and answers as CSV…',
      testId: 'export-answers-csv',
      run: () => model && void save(name('answers', 'csv'), answersCsv(model)),
    },
    {
      label: 'Result as JSON…',
      testId: 'export-evaluation-json',
      run: () => model && void save(name('result', 'json'), `${JSON.stringify(model.result, null, 1)}\n`),
    },
    { heading: 'Figure' },
    {
      label: 'Figure as SVG…',
      testId: 'export-evaluation-svg',
      run: () => model && void save(name('figure', 'svg'), drawing(PAPER).svg),
    },
    {
      label: 'Figure as PNG…',
      testId: 'export-evaluation-png',
      run: () => {
        if (model === null) return;
        const drawn = drawing(context.theme.now());
        void context.ask(drawingPng(drawn)).then((bytes) => bytes && save(name('figure', 'png'), bytes));
      },
    },
    { heading: 'Copy' },
    {
      label: 'Table as Markdown',
      testId: 'copy-evaluation-md',
      run: () =>
        model &&
        void context
          .ask(context.host.copy({ text: tableMarkdown(model, against()) }))
          .then(() => context.announce('Table copied.')),
    },
  ];
  const exporter = menuButton({ label: 'Export', testId: 'export', entries });

  const against = () => (model === null ? null : referenceOf(model, store.get().against));

  function render(view: TransferView): void {
    if (model === null) return;
    const reference = against();
    replace(said, ...reading(model, reference).map((sentence) => h('p', {}, sentence)));
    replace(
      tools,
      model.references.length < 2
        ? null
        : segmented<string>({
            label: 'Reference',
            testId: 'against',
            choices: model.references.map((index) => ({ value: String(index), label: model!.rows[index]!.label })),
            value: String(reference),
            onChange: (value) => store.set({ against: Number(value) }),
          }).element,
      h('span', { class: 'muted' }, caption()),
    );
    figure = sweepFigure(model, reference);
    sweepCard.hidden = figure === null;
    if (figure !== null) {
      replace(
        legend,
        ...figure.series.map((one) => h('span', { class: 'legend-item' }, lineSwatch(one), one.name)),
        reference === null ? null : h('span', { class: 'muted' }, `Dotted: ${model.rows[reference]!.label}`),
        bandNote(figure, '95% interval'),
      );
      const axis = model.result.axis!;
      const x = view.checkpoint === null ? null : (axis.values[view.checkpoint] ?? null);
      chart.show(figure, x === null || view.ability === null ? null : { x, key: view.ability });
    }
    forest.show(model, reference, view);
    questions.show(model, reference, view);
  }

  function showNumbers(): void {
    if (model === null) return;
    const { rows, abilities, result } = model;
    const reference = against();
    const row = (index: number, ability: AbilityName) => {
      const { n, hits, value, low, high } = scoreOf(model!, index, ability)!;
      const compared = comparisonOf(model!, index, reference, ability);
      return h(
        'tr',
        {},
        h('th', { scope: 'row', class: 'text' }, rows[index]!.label),
        h('td', { class: 'text' }, ABILITY_NAMES[ability]),
        h('td', {}, formatShare(value)),
        h('td', {}, intervalText({ low, high })),
        h('td', {}, `${hits} / ${n}`),
        h('td', {}, compared ? String(compared.tf) : ''),
        h('td', {}, compared ? String(compared.ft) : ''),
        h('td', {}, compared ? `${probability(compared.p)}${compared.exact ? '' : ' ≈'}` : ''),
        h('td', {}, compared ? probability(compared.adjusted) : ''),
        h('td', {}, formatShare(compared?.sideEffect)),
        h('td', {}, formatShare(compared?.lift)),
      );
    };
    replace(
      numbers,
      folding(
        context,
        {
          id: 'transfer-numbers',
          open: false,
          class: 'numbers',
          title: ['Numbers', h('span', { class: 'muted' }, plural(rows.length * abilities.length, 'row'))],
        },
        h(
          'div',
          { class: 'numbers-scroll', tabindex: 0, role: 'region', 'aria-label': 'Numbers of the table' },
          h(
            'table',
            { class: 'number-table', 'data-testid': 'transfer-numbers-table' },
            h(
              'thead',
              {},
              h(
                'tr',
                {},
                ...[
                  'Checkpoint',
                  'Ability',
                  'Value',
                  '95%',
                  'Count',
                  'Lost',
                  'Won',
                  'p',
                  'p (Holm)',
                  'Side effect',
                  'Lift',
                ].map((text) => h('th', { scope: 'col' }, text)),
              ),
            ),
            h('tbody', {}, ...rows.flatMap(({ index }) => abilities.map((ability) => row(index, ability)))),
          ),
        ),
        h(
          'p',
          { class: 'note' },
          'Lost and won: questions that only the reference, or only the checkpoint, gets right. Side effect: lost, as a fraction of what the reference gets right. Lift: won, as a fraction of what it gets wrong. p: McNemar’s test, exact where few questions differ (≈ otherwise).',
        ),
      ),
      folding(
        context,
        { id: 'transfer-accuracies', open: false, class: 'numbers', title: ['Accuracy by setting'] },
        h(
          'div',
          { class: 'numbers-scroll', tabindex: 0, role: 'region', 'aria-label': 'Accuracy by setting' },
          h(
            'table',
            { class: 'number-table' },
            h(
              'thead',
              {},
              h(
                'tr',
                {},
                ...['Checkpoint', 'Set', 'Setting', 'Accuracy', '95%', 'n'].map((text) =>
                  h('th', { scope: 'col' }, text),
                ),
              ),
            ),
            h(
              'tbody',
              {},
              ...result.accuracies.map((one) =>
                h(
                  'tr',
                  {},
                  h('th', { scope: 'row', class: 'text' }, rows[one.checkpoint]!.label),
                  h('td', { class: 'text' }, one.set),
                  h('td', { class: 'text' }, SETTING_NAMES[one.setting]),
                  h('td', {}, formatShare(one.value)),
                  h('td', {}, intervalText(one)),
                  h('td', {}, String(one.n)),
                ),
              ),
            ),
          ),
        ),
      ),
    );
  }

  const stop = store.subscribe((now, before) => {
    const opened = now.checkpoint !== null && (before.checkpoint !== now.checkpoint || before.ability !== now.ability);
    render(now);
    if (now.against !== before.against) {
      showNumbers();
      const cell =
        model !== null && now.checkpoint !== null && now.ability !== null
          ? comparisonOf(model, now.checkpoint, against(), now.ability)
          : undefined;
      if (cell && model) context.announce(againstText(model, cell));
    }
    if (opened) reveal(questions.element);
  });

  return {
    element,
    show(nextTitle, result) {
      title = nextTitle;
      model = modelOf(result);
      const view = store.get();
      if (view.checkpoint !== null && model.rows[view.checkpoint] === undefined)
        store.set({ checkpoint: null, ability: null, question: null });
      replace(
        top,
        h('div', { class: 'title-row' }, h('h1', {}, title), exporter),
        h(
          'p',
          { class: 'muted' },
          model.abilities
            .map(
              (ability) => `${ABILITY_NAMES[ability]}: ${ABILITY_MEANINGS[ability].toLowerCase().replace(/\.$/, '')}`,
            )
            .join(' · '),
        ),
      );
      replace(
        notices,
        result.warnings.length === 0
          ? null
          : folding(
              context,
              {
                id: 'transfer-warnings',
                open: result.warnings.length <= 2,
                class: 'warnings',
                title: [icon('warning'), plural(result.warnings.length, 'warning')],
              },
              h('ul', {}, ...result.warnings.map((text) => h('li', {}, text))),
            ),
      );
      const { provenance } = result;
      replace(
        foot,
        h(
          'p',
          { class: 'provenance muted' },
          `${result.data} · seed ${result.seed} · run ${provenance.runId} · ${finishedText(provenance)} · ${versionsText(provenance)}, grading rules ${result.grading ?? 1}`,
        ),
      );
      showNumbers();
      render(store.get());
    },
    dispose() {
      stop();
      chart.dispose();
      pictures.dispose();
    },
  };
}
