/** The panel without a result: nothing yet, under way, failed. */
import type { FailureAction, PanelProgress, PanelState } from '../src/protocol/hostApi.js';
import type { PanelContext } from './context.js';
import { h, setText } from './dom.js';
import { formatBytes, formatRemaining, formatShare } from './format.js';
import { icon } from './icons.js';
import { button } from './kit.js';

export function emptyState(): HTMLElement {
  return h(
    'section',
    { class: 'state', 'data-testid': 'empty' },
    h('h1', {}, 'No comparison yet'),
    h(
      'p',
      {},
      'In the Explorer, right-click a checkpoint folder, its config.json or a .safetensors file and choose “Select for Compare”; then right-click another one and choose “Compare with Selected”.',
    ),
    h('p', { class: 'muted' }, 'Or select two or three folders and choose “Compare Lineage”.'),
  );
}

export interface RunningView {
  element: HTMLElement;
  progress(progress: PanelProgress | null): void;
}

export function runningState(
  context: PanelContext,
  state: { title: string; progress: PanelProgress | null },
  stop = () => context.host.cancel(),
): RunningView {
  const fill = h('div', { class: 'progress-fill' });
  const bar = h(
    'div',
    {
      class: 'progress',
      role: 'progressbar',
      'aria-label': state.title,
      'aria-valuemin': 0,
      'aria-valuemax': 100,
      'data-testid': 'progress',
    },
    fill,
  );
  const phase = h('p', { class: 'phase', 'data-testid': 'phase' });
  const bytes = h('span', { class: 'number', 'data-testid': 'progress-bytes' });
  const left = h('span', { class: 'muted' });
  const tensor = h('p', { class: 'muted tensor-in-hand', 'data-testid': 'progress-tensor' });
  const cancel = button({
    label: 'Cancel',
    testId: 'cancel',
    onClick: () => {
      cancel.setAttribute('disabled', '');
      setText(phase, 'Cancelling…');
      void context.ask(stop()).then(() => cancel.removeAttribute('disabled'));
    },
  });
  const element = h(
    'section',
    { class: 'state', 'data-testid': 'running' },
    h('h1', {}, state.title),
    phase,
    bar,
    h('p', { class: 'progress-line' }, bytes, left),
    tensor,
    cancel,
  );
  let announced = -1;
  const progress = (now: PanelProgress | null) => {
    if (cancel.hasAttribute('disabled')) return;
    // What waits for other work has not begun: no bar that moves.
    bar.hidden = now?.phase.startsWith('Waiting') === true;
    setText(phase, now?.phase ?? 'Starting…');
    const done = now === null ? null : doneOf(now);
    const known = now !== null && done !== null && done.share !== null;
    bar.classList.toggle('unknown', !known);
    if (known) {
      const share = Math.min(1, done.share!);
      fill.style.transform = `scaleX(${share})`;
      bar.setAttribute('aria-valuenow', String(Math.round(share * 100)));
      bar.setAttribute('aria-valuetext', done.text);
      setText(bytes, `${done.text} · ${formatShare(Math.floor(share * 1000) / 1000)}`);
      const quarter = Math.floor(share * 4);
      if (quarter > announced) {
        if (announced !== -1) context.announce(`${quarter * 25} percent. ${formatRemaining(now.remainingSeconds)}`);
        announced = quarter;
      }
    } else {
      bar.removeAttribute('aria-valuenow');
      setText(bytes, '');
    }
    setText(left, formatRemaining(now?.remainingSeconds ?? null));
    const inHand = now !== null && 'tensor' in now ? (now.tensor ?? '') : '';
    setText(tensor, inHand);
    tensor.title = inHand;
  };
  progress(state.progress);
  return { element, progress };
}

/** In the plan's own units: bytes of a comparison, matrices of a spectrum, samples × layers of a probe. */
function doneOf(progress: PanelProgress): { share: number | null; text: string } {
  if ('totalMatrices' in progress && progress.totalMatrices > 0)
    return {
      share: progress.totalBytes > 0 ? progress.doneBytes / progress.totalBytes : null,
      text: `${progress.doneMatrices.toLocaleString('en')} of ${progress.totalMatrices.toLocaleString('en')} matrices`,
    };
  if ('totalBytes' in progress)
    return {
      share: progress.totalBytes > 0 ? progress.doneBytes / progress.totalBytes : null,
      text: `${formatBytes(progress.doneBytes)} of ${formatBytes(progress.totalBytes)}`,
    };
  return {
    share: progress.total > 0 ? progress.done / progress.total : null,
    text: `${progress.done.toLocaleString('en')} of ${progress.total.toLocaleString('en')} answers`,
  };
}

const ACTIONS: Record<FailureAction, string> = {
  choose: 'Choose others…',
  inspect: 'Inspect',
  log: 'Show Log',
};

const CALM: Record<string, string | undefined> = {
  cancelled: 'Continue',
  interrupted: 'Continue',
  'not-compared': 'Compare',
  deleted: 'Run again',
};

export function failedState(context: PanelContext, state: Extract<PanelState, { kind: 'failed' }>): HTMLElement {
  // Nothing is wrong with these: they are offers.
  const calm = CALM[state.code];
  return h(
    'section',
    { class: 'state', 'data-testid': 'failed', 'data-code': state.code },
    h('h1', {}, state.title),
    h(
      'div',
      { class: calm === undefined ? 'message error' : 'message', role: 'alert' },
      icon(calm === undefined ? 'error' : 'info'),
      h('p', { 'data-testid': 'failed-message' }, state.message),
    ),
    calm === undefined ? h('p', { class: 'muted' }, 'Code: ', h('code', {}, state.code)) : null,
    state.code === 'bad-line'
      ? button({
          label: 'Skip these lines and run',
          kind: 'primary',
          testId: 'skip-lines',
          onClick: () => void context.ask(context.host.skipBadLines()),
        })
      : null,
    state.canRetry
      ? button({
          label: calm ?? 'Retry',
          kind: state.code === 'bad-line' ? 'secondary' : 'primary',
          testId: 'retry',
          onClick: () => void context.ask(context.host.retry()),
        })
      : null,
    calm === undefined
      ? h(
          'div',
          { class: 'failure-actions' },
          ...(state.actions ?? []).map((action) =>
            button({
              label: ACTIONS[action],
              testId: `act-${action}`,
              onClick: () => void context.ask(context.host.act({ action })),
            }),
          ),
        )
      : null,
  );
}
