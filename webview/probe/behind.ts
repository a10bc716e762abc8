/** The samples behind a point: a list on the left, one sample in full on the right. */
import type { PanelContext } from '../context.js';
import { h, replace, type Child } from '../dom.js';
import { segmented } from '../kit.js';
import { createSamplePane } from '../samplePane.js';
import type { Store } from '../state/store.js';
import { curveName, finalAnswer, quoted, stretches, type Curve, type ProbeModel, type ProbeSample } from './model.js';
import { pointName, whatWasDone } from './numbers.js';
import type { Pictures } from './pictures.js';
import { miniStrip, SKIP_WORDS, strip, SWAP_WORDS } from './strip.js';
import type { ProbeView } from './view.js';

export interface Behind {
  element: HTMLElement;
  /** `curves` are those in sight: the other checkpoints' strips come from them. */
  show(model: ProbeModel, curves: readonly Curve[], view: ProbeView): void;
}

export function createBehind(context: PanelContext, store: Store<ProbeView>, pictures: Pictures): Behind {
  const which = segmented<'changed' | 'all'>({
    label: 'Samples',
    labelHidden: true,
    testId: 'behind-which',
    choices: [
      { value: 'changed', label: 'Changed' },
      { value: 'all', label: 'All' },
    ],
    value: store.get().behind,
    onChange: (behind) => store.set({ behind }),
  });
  const { element, list, detail, ...pane } = createSamplePane({
    noun: 'sample',
    testId: 'behind',
    label: 'Samples behind the point',
    filter: which.element,
    selected: () => store.get().sample,
    onSelect: (id) => store.set({ sample: id }),
    onLeave: () => store.set({ depth: null, curve: null, sample: null }),
  });
  let drawn: { curve: Curve; depth: number; behind: string } | null = null;

  function showList(model: ProbeModel, curve: Curve, depth: number, view: ProbeView): void {
    const at = (sample: ProbeSample) => sample.depths.indexOf(depth);
    const shown =
      view.behind === 'all' ? curve.samples : curve.samples.filter((sample) => sample.outcomes[at(sample)] !== 'same');
    const words = curve.task === null ? SKIP_WORDS : SWAP_WORDS;
    const top = list.scrollTop;
    pane.fill(
      shown,
      ({ id }) => id,
      (sample) => {
        const outcome = sample.outcomes[at(sample)] ?? 'same';
        return [
          h(
            'span',
            { class: `outcome ${outcome}`, title: words[outcome] },
            outcome === 'same' ? '=' : curve.task === null ? '✗' : '→',
          ),
          h(
            'span',
            { class: 'sample-text' },
            h('span', { class: 'sample-prompt' }, sample.prompt),
            h(
              'span',
              { class: 'sample-answers' },
              quoted(sample.baseline),
              ' → ',
              h('b', {}, quoted(sample.answers[at(sample)] ?? '')),
            ),
          ),
          miniStrip(sample),
        ];
      },
      curve.task === null ? 'No wrong answer here.' : 'No answer changed here.',
    );
    list.scrollTop = top;
    const changed = curve.samples.filter((sample) => sample.outcomes[at(sample)] !== 'same').length;
    pane.title(
      pointName(model, curve, depth),
      `${changed} of ${curve.samples.length} ${curve.task === null ? 'wrong' : 'changed'}`,
    );
  }

  function showDetail(model: ProbeModel, curve: Curve, curves: readonly Curve[], view: ProbeView, depth: number): void {
    const sample = curve.samples.find(({ id }) => id === view.sample);
    if (sample === undefined) {
      replace(
        detail,
        h(
          'p',
          { class: 'muted' },
          `Choose a sample to see ${curve.task === null ? '' : 'its images, '}its answers, and where they flip.`,
        ),
      );
      return;
    }
    const focusedStrip = detail.contains(document.activeElement)
      ? [...detail.querySelectorAll('.strip')].indexOf(document.activeElement!)
      : -1;
    const at = sample.depths.indexOf(depth);
    const words = curve.task === null ? SKIP_WORDS : SWAP_WORDS;
    const outcome = sample.outcomes[at] ?? 'same';
    const facts: [string, Child][] = [
      ...(sample.truth === null ? [] : [['Ground truth', answer(sample.truth)] as [string, Child]]),
      [
        curve.task === null ? 'Unmodified model' : 'Before',
        h(
          'span',
          {},
          answer(sample.baseline),
          sample.baselineCorrect === false ? h('span', { class: 'muted' }, ' wrong') : null,
        ),
      ],
      [
        `After, ${whatWasDone(curve, depth)}`,
        h(
          'span',
          { 'data-testid': 'sample-after' },
          answer(sample.answers[at] ?? ''),
          h('span', { class: 'muted' }, ` ${words[outcome]}`),
        ),
      ],
      ...(sample.sourceAnswer === null
        ? []
        : [['Answer to the source image', answer(sample.sourceAnswer)] as [string, Child]]),
    ];
    const others = curves.filter(
      (one) =>
        one.key !== curve.key &&
        one.task === curve.task &&
        one.variant === curve.variant &&
        one.suffix === curve.suffix,
    );
    const lanes = [curve, ...others]
      .flatMap((one) => {
        const own = one.samples.find(({ id }) => id === sample.id);
        return own === undefined ? [] : [{ curve: one, sample: own }];
      })
      .sort((a, b) => a.curve.checkpoint - b.curve.checkpoint);
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
                black
                  ? h('div', { class: 'picture black' }, h('span', {}, 'blank image'))
                  : pictures.frame(
                      `${sample.result}/${sample.id}/${name}`,
                      name === 'target' ? 'Target image' : name === 'source' ? 'Source image' : 'Image',
                      () => context.host.picture({ result: sample.result, sample: sample.id, which: name }),
                    ),
                h(
                  'figcaption',
                  {},
                  h('strong', {}, name === 'target' ? 'Target' : name === 'source' ? 'Source' : 'Image'),
                  note === '' ? null : h('span', { class: 'muted' }, ` ${note}`),
                ),
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
            strip(its, {
              depth,
              label: `${curveName(model, own)}, answer by layer`,
              words,
              onDepth: (to) => store.set({ depth: to, curve: own.key }),
            }),
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
      if (drawn === null || drawn.curve !== curve || drawn.depth !== depth || drawn.behind !== view.behind)
        showList(model, curve, depth, view);
      drawn = { curve, depth, behind: view.behind };
      pane.mark(view.sample);
      showDetail(model, curve, curves, view, depth);
    },
  };
}

function answer(text: string): HTMLElement {
  return h('q', { class: 'answer' }, text.trim() === '' ? ' ' : text.trim());
}
