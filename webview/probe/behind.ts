/** The samples behind a point: a list on the left, one sample in full on the right. */
import type { PanelContext } from '../context.js';
import { h, replace, type Child } from '../dom.js';
import { button, segmented } from '../kit.js';
import type { Store } from '../state/store.js';
import { curveName, finalAnswer, stretches, type Curve, type ProbeModel, type ProbeSample } from './model.js';
import { pointName, whatWasDone } from './numbers.js';
import type { Pictures } from './pictures.js';
import { miniStrip, SKIP_WORDS, strip, SWAP_WORDS } from './strip.js';
import type { ProbeView } from './view.js';

export interface Behind {
  element: HTMLElement;
  /** `curves` are those in sight: the other checkpoints' strips come from them. */
  show(model: ProbeModel, curves: readonly Curve[], view: ProbeView): void;
}

/** A list is for looking; the export has them all. */
const MOST_LISTED = 400;

export function createBehind(context: PanelContext, store: Store<ProbeView>, pictures: Pictures): Behind {
  const heading = h('h2', { 'data-testid': 'behind-title' });
  const count = h('span', { class: 'muted', 'data-testid': 'behind-count' });
  const which = segmented<'changed' | 'all'>({
    label: 'Samples',
    labelHidden: true,
    testId: 'behind-which',
    choices: [{ value: 'changed', label: 'Changed' }, { value: 'all', label: 'All' }],
    value: store.get().behind,
    onChange: (behind) => store.set({ behind }),
  });
  const close = button({ kind: 'icon', icon: 'close', label: 'Close the samples', testId: 'behind-close', onClick: () => store.set({ depth: null, curve: null, sample: null }) });
  const list = h('div', { class: 'sample-list', role: 'listbox', tabindex: 0, 'aria-label': 'Samples behind the point', 'data-testid': 'samples' });
  const detail = h('div', { class: 'sample-detail', 'data-testid': 'sample' });
  const element = h(
    'section',
    { class: 'block behind', 'aria-label': 'Samples behind the point', hidden: true, 'data-testid': 'behind' },
    h('div', { class: 'behind-head' }, heading, count, which.element, close),
    h('div', { class: 'behind-body' }, list, detail),
  );
  let drawn: { curve: Curve; depth: number; behind: string } | null = null;
  let ids: string[] = [];

  function select(id: string): void {
    store.set({ sample: id });
    list.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }
  list.addEventListener('keydown', (event) => {
    const at = ids.indexOf(store.get().sample ?? '');
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: ids.length - 1, PageDown: at + 8, PageUp: at - 8 }[event.key];
    if (to === undefined || ids.length === 0) return;
    event.preventDefault();
    select(ids[Math.max(0, Math.min(ids.length - 1, to))]!);
  });
  element.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    store.set({ depth: null, curve: null, sample: null });
  });

  function showList(model: ProbeModel, curve: Curve, depth: number, view: ProbeView): void {
    const at = (sample: ProbeSample) => sample.depths.indexOf(depth);
    const shown = view.behind === 'all' ? curve.samples : curve.samples.filter((sample) => sample.outcomes[at(sample)] !== 'same');
    ids = shown.slice(0, MOST_LISTED).map(({ id }) => id);
    const words = curve.task === null ? SKIP_WORDS : SWAP_WORDS;
    const top = list.scrollTop;
    replace(
      list,
      ...shown.slice(0, MOST_LISTED).map((sample) => {
        const outcome = sample.outcomes[at(sample)] ?? 'same';
        return h(
          'div',
          { class: 'sample-row', role: 'option', id: `sample-${sample.id}`, 'aria-selected': String(sample.id === view.sample), 'data-sample': sample.id, on: { click: () => select(sample.id) } },
          h('span', { class: `outcome ${outcome}`, title: words[outcome] }, outcome === 'same' ? '=' : curve.task === null ? '✗' : '→'),
          h('span', { class: 'sample-text' }, h('span', { class: 'sample-prompt' }, sample.prompt), h('span', { class: 'sample-answers' }, quoted(sample.baseline), ' → ', h('b', {}, quoted(sample.answers[at(sample)] ?? '')))),
          miniStrip(sample),
        );
      }),
      shown.length === 0 ? h('p', { class: 'muted empty-list' }, curve.task === null ? 'No wrong answer here.' : 'No answer changed here.') : null,
      shown.length > MOST_LISTED ? h('p', { class: 'muted empty-list' }, `The first ${MOST_LISTED} of ${shown.length}; the CSV export has all.`) : null,
    );
    list.scrollTop = top;
    const changed = curve.samples.filter((sample) => sample.outcomes[at(sample)] !== 'same').length;
    heading.textContent = pointName(model, curve, depth);
    count.textContent = `${changed} of ${curve.samples.length} ${curve.task === null ? 'wrong' : 'changed'}`;
  }

  function mark(view: ProbeView): void {
    for (const row of list.querySelectorAll<HTMLElement>('.sample-row')) row.setAttribute('aria-selected', String(row.dataset['sample'] === view.sample));
    if (view.sample === null) list.removeAttribute('aria-activedescendant');
    else list.setAttribute('aria-activedescendant', `sample-${view.sample}`);
  }

  function showDetail(model: ProbeModel, curve: Curve, curves: readonly Curve[], view: ProbeView, depth: number): void {
    const sample = curve.samples.find(({ id }) => id === view.sample);
    if (sample === undefined) {
      replace(detail, h('p', { class: 'muted' }, `Choose a sample to see ${curve.task === null ? '' : 'its pictures, '}its answers, and where they flip.`));
      return;
    }
    const focusedStrip = detail.contains(document.activeElement) ? [...detail.querySelectorAll('.strip')].indexOf(document.activeElement!) : -1;
    const at = sample.depths.indexOf(depth);
    const words = curve.task === null ? SKIP_WORDS : SWAP_WORDS;
    const outcome = sample.outcomes[at] ?? 'same';
    const facts: [string, Child][] = [
      ...(sample.truth === null ? [] : [['Truth', answer(sample.truth)] as [string, Child]]),
      [curve.task === null ? 'Untouched model' : 'Before', h('span', {}, answer(sample.baseline), sample.baselineCorrect === false ? h('span', { class: 'muted' }, ' wrong') : null)],
      [`After, ${whatWasDone(curve, depth)}`, h('span', { 'data-testid': 'sample-after' }, answer(sample.answers[at] ?? ''), h('span', { class: 'muted' }, ` ${words[outcome]}`))],
      ...(sample.sourceAnswer === null ? [] : [['Answer to the source', answer(sample.sourceAnswer)] as [string, Child]]),
    ];
    const others = curves.filter((one) => one.key !== curve.key && one.task === curve.task && one.variant === curve.variant && one.suffix === curve.suffix);
    const lanes = [curve, ...others].flatMap((one) => {
      const own = one.samples.find(({ id }) => id === sample.id);
      return own === undefined ? [] : [{ curve: one, sample: own }];
    }).sort((a, b) => a.curve.checkpoint - b.curve.checkpoint);
    replace(
      detail,
      h('div', { class: 'sample-head' }, h('code', {}, sample.id), h('p', { class: 'sample-question' }, sample.prompt)),
      sample.pictures.length === 0
        ? null
        : h(
            'div',
            { class: 'picture-pair' },
            ...sample.pictures.map(({ which: name, black, note }) =>
              h(
                'figure',
                {},
                black ? h('div', { class: 'picture black' }, h('span', {}, 'black picture')) : pictures.frame(`${sample.result}/${sample.id}/${name}`, name === 'target' ? 'Target image' : name === 'source' ? 'Source image' : 'Image', () => context.host.picture({ result: sample.result, sample: sample.id, which: name })),
                h('figcaption', {}, h('strong', {}, name === 'target' ? 'Target' : name === 'source' ? 'Source' : 'Image'), note === '' ? null : h('span', { class: 'muted' }, ` ${note}`)),
              ),
            ),
          ),
      h('dl', { class: 'sample-facts' }, ...facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])),
      h('h3', {}, 'Where the answer flips'),
      h(
        'div',
        { class: 'lanes' },
        ...lanes.map(({ curve: own, sample: its }) =>
          h(
            'div',
            { class: 'lane' },
            lanes.length > 1 ? h('span', { class: 'lane-name' }, model.checkpoints[own.checkpoint]?.label ?? '') : null,
            strip(its, { depth, label: `${curveName(model, own)}, answer by layer`, words, onDepth: (to) => store.set({ depth: to, curve: own.key }) }),
          ),
        ),
      ),
      h(
        'p',
        { class: 'strip-key muted' },
        h('span', {}, h('i', { class: 'strip-cell same' }), words.same),
        curve.task === null ? null : h('span', {}, h('i', { class: 'strip-cell source' }), words.source),
        h('span', {}, h('i', { class: 'strip-cell other' }), words.other),
      ),
      h(
        'ol',
        { class: 'stretches', 'data-testid': 'stretches' },
        ...stretches(sample).map(({ from, to, answer: text, outcome: own }) =>
          h(
            'li',
            { 'aria-current': depth >= from && depth <= to ? 'true' : undefined },
            h('span', { class: 'number muted' }, from === to ? `layer ${from}` : `layers ${from}–${to}`),
            answer(finalAnswer(text)),
            h('span', { class: 'muted' }, words[own]),
          ),
        ),
      ),
    );
    if (focusedStrip !== -1) detail.querySelectorAll<HTMLElement>('.strip')[focusedStrip]?.focus();
  }

  return {
    element,
    show(model, curves, view) {
      const curve = curves.find(({ key }) => key === view.curve);
      const depth = view.depth;
      element.hidden = curve === undefined || depth === null;
      if (curve === undefined || depth === null) {
        drawn = null;
        return;
      }
      which.set(view.behind);
      which.element.querySelector('[data-value="changed"]')!.textContent = curve.task === null ? 'Wrong' : 'Changed';
      if (drawn === null || drawn.curve !== curve || drawn.depth !== depth || drawn.behind !== view.behind) showList(model, curve, depth, view);
      drawn = { curve, depth, behind: view.behind };
      mark(view);
      showDetail(model, curve, curves, view, depth);
    },
  };
}

function answer(text: string): HTMLElement {
  return h('q', { class: 'answer' }, text.trim() === '' ? ' ' : text.trim());
}

/** On one line, as long as a list has room for. */
function quoted(text: string): string {
  const flat = finalAnswer(text).replace(/\s+/g, ' ');
  return flat === '' ? '(nothing)' : flat.length > 60 ? `${flat.slice(0, 59)}…` : flat;
}

