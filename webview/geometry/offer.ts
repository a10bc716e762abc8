/** No spectrum yet: what it would cost, what may be chosen, and the button that starts it. */
import type { GeometryState, SpectrumChoice } from '../../src/protocol/hostApi.js';
import type { SpectrumMode, SpectrumPlan } from '../../src/protocol/engineApi.js';
import type { PanelContext } from '../context.js';
import { h, replace, setText } from '../dom.js';
import { icon } from '../icons.js';
import { button, field, searchField, segmented } from '../kit.js';
import { planFacts } from './planFacts.js';

export interface Offer {
  element: HTMLElement;
  show(state: Extract<GeometryState, { kind: 'offer' | 'failed' }>): void;
}

const MODE_TEXT: Record<SpectrumMode, string> = {
  exact: 'Every singular value of every matrix, to float64 accuracy.',
  fast: 'The largest singular values and an estimate of the rest. Every number has its error; single matrices can be refined to exact later.',
};

/** Typing a filter should not plan on every key. Milliseconds. */
const SETTLE = 350;

export function createOffer(context: PanelContext): Offer {
  let choice: SpectrumChoice = { mode: null, filter: '' };
  let asked = 0;
  let pending: ReturnType<typeof setTimeout> | undefined;

  const notice = h('div', {});
  const modeNote = h('p', { class: 'note' });
  const mode = segmented<SpectrumMode>({
    label: 'Mode',
    testId: 'spectrum-mode',
    choices: [
      { value: 'exact', label: 'Exact', title: MODE_TEXT.exact },
      { value: 'fast', label: 'Fast', title: MODE_TEXT.fast },
    ],
    value: 'exact',
    onChange(value) {
      choice = { ...choice, mode: value };
      setText(modeNote, MODE_TEXT[value]);
      void plan();
    },
  });
  const filter = searchField({
    label: 'All weights, or a regular expression',
    value: '',
    testId: 'spectrum-filter',
    onInput(value) {
      choice = { ...choice, filter: value.trim() };
      clearTimeout(pending);
      pending = setTimeout(() => void plan(), SETTLE);
    },
  });
  const error = h('p', { class: 'field-error', role: 'alert', hidden: true, 'data-testid': 'spectrum-plan-error' });
  const facts = h('dl', { class: 'plan', 'aria-live': 'polite', 'data-testid': 'spectrum-plan' });
  const compute = button({
    label: 'Compute',
    kind: 'primary',
    testId: 'spectrum-compute',
    onClick: () => void start(),
  });
  const element = h(
    'section',
    { class: 'state geometry-offer', 'data-testid': 'geometry-offer' },
    h('h1', {}, 'Spectrum of the updates'),
    h(
      'p',
      {},
      'In how many directions did training move each weight, and how much of that is only rounding? The singular values of every update show it, next to the spectrum that rounding to the stored dtype gives by itself.',
    ),
    notice,
    h('div', { class: 'offer-choices' }, mode.element, field('Weights', filter.element)),
    modeNote,
    error,
    facts,
    compute,
  );

  async function start(): Promise<void> {
    compute.setAttribute('disabled', '');
    await context.ask(context.host.computeSpectrum(choice));
    compute.removeAttribute('disabled');
  }

  async function plan(): Promise<void> {
    const own = ++asked;
    facts.classList.add('stale');
    if (facts.childElementCount === 0) replace(facts, h('dt', {}, 'Cost'), h('dd', { class: 'muted' }, 'estimating…'));
    let found: SpectrumPlan | undefined;
    let sentence: string | null = null;
    try {
      found = await context.host.planSpectrum(choice);
    } catch (cause) {
      sentence = cause instanceof Error ? cause.message : String(cause);
    }
    // A newer question has been asked meanwhile.
    if (own !== asked) return;
    facts.classList.remove('stale');
    error.hidden = sentence === null;
    setText(error, sentence ?? '');
    if (found === undefined) {
      replace(facts);
      compute.setAttribute('disabled', '');
      return;
    }
    compute.removeAttribute('disabled');
    mode.set(found.mode);
    setText(modeNote, MODE_TEXT[found.mode]);
    replace(facts, ...planFacts(found).flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
  }

  return {
    element,
    show(state) {
      choice = { ...state.choice };
      filter.set(choice.filter);
      if (choice.mode !== null) mode.set(choice.mode);
      setText(modeNote, choice.mode === null ? '' : MODE_TEXT[choice.mode]);
      const kept = state.kind === 'failed' ? state.code === 'cancelled' : state.interrupted !== null;
      setText(compute.lastChild!, kept ? 'Continue' : state.kind === 'failed' ? 'Retry' : 'Compute');
      compute.setAttribute('aria-label', kept ? 'Continue' : state.kind === 'failed' ? 'Retry' : 'Compute');
      if (state.kind === 'failed') {
        const cancelled = state.code === 'cancelled';
        replace(
          notice,
          h(
            'div',
            {
              class: cancelled ? 'message' : 'message error',
              role: 'alert',
              'data-testid': 'geometry-failed',
              'data-code': state.code,
            },
            icon(cancelled ? 'info' : 'error'),
            h('p', {}, state.message),
          ),
        );
      } else if (state.interrupted !== null) {
        replace(
          notice,
          h(
            'div',
            { class: 'message', 'data-testid': 'geometry-interrupted' },
            icon('info'),
            h(
              'p',
              {},
              `An earlier analysis was interrupted at ${Math.floor(100 * state.interrupted)}%. With the same choices it continues from there.`,
            ),
          ),
        );
      } else replace(notice);
      void plan();
    },
  };
}
