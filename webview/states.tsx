/** The panel without a result: nothing yet, under way, failed. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { FailureAction, PanelProgress, PanelState } from '../src/protocol/hostApi.js';
import { usePanel } from './context.js';
import { formatBytes, formatRemaining, formatFraction } from './format.js';
import { Icon } from './icons.js';
import { Button } from './kit.js';

export function EmptyState() {
  return (
    <section class="state" data-testid="empty">
      <h1>No comparison yet</h1>
      <p>
        In the Explorer, right-click a checkpoint folder, its config.json or a .safetensors file and choose “Select for
        Compare”; then right-click another one and choose “Compare with Selected”.
      </p>
      <p class="muted">Or select two or three folders and choose “Compare Lineage”.</p>
    </section>
  );
}

/** @param stop cancels it */
export function RunningState({
  title,
  progress: now,
  stop,
}: {
  title: string;
  progress: PanelProgress | null;
  stop: () => Promise<void>;
}) {
  const { ask, announce } = usePanel();
  const [cancelling, setCancelling] = useState(false);
  const shown = useRef(now);
  // What comes in after "Cancel" says nothing new.
  if (!cancelling) shown.current = now;
  const progress = shown.current;
  const done = progress === null ? null : doneOf(progress);
  const fraction = done === null || done.fraction === null ? null : Math.min(1, done.fraction);
  const left = formatRemaining(progress?.remainingSeconds ?? null);
  const quarter = fraction === null ? null : Math.floor(fraction * 4);
  const announced = useRef(-1);
  useLayoutEffect(() => {
    if (quarter === null || quarter <= announced.current) return;
    if (announced.current !== -1) announce(`${quarter * 25} percent. ${left}`);
    announced.current = quarter;
  }, [quarter]);
  const cancel = () => {
    setCancelling(true);
    void ask(stop()).then(() => setCancelling(false));
  };
  const inHand = progress !== null && 'tensor' in progress ? (progress.tensor ?? '') : '';
  return (
    <section class="state" data-testid="running">
      <h1>{title}</h1>
      <p class="phase" data-testid="phase">
        {cancelling ? 'Cancelling…' : (progress?.phase ?? 'Starting…')}
      </p>
      {/* What waits for other work has not begun: no bar that moves. */}
      <div
        class={fraction === null ? 'progress unknown' : 'progress'}
        role="progressbar"
        aria-label={title}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={fraction === null ? undefined : Math.round(fraction * 100)}
        aria-valuetext={fraction === null ? undefined : done?.text}
        hidden={progress?.phase.startsWith('Waiting') === true}
        data-testid="progress"
      >
        <div class="progress-fill" style={fraction === null ? undefined : { transform: `scaleX(${fraction})` }} />
      </div>
      <p class="progress-line">
        <span class="number" data-testid="progress-bytes">
          {fraction === null || done === null
            ? ''
            : `${done.text} · ${formatFraction(Math.floor(fraction * 1000) / 1000)}`}
        </span>
        <span class="muted">{left}</span>
      </p>
      <p class="muted tensor-in-hand" title={inHand} data-testid="progress-tensor">
        {inHand}
      </p>
      <Button label="Cancel" testId="cancel" disabled={cancelling} onClick={cancel} />
    </section>
  );
}

/** In the plan's own units: bytes of a comparison, matrices of a spectrum, samples × layers of a probe. */
function doneOf(progress: PanelProgress): { fraction: number | null; text: string } {
  if ('totalMatrices' in progress && progress.totalMatrices > 0)
    return {
      fraction: progress.totalBytes > 0 ? progress.doneBytes / progress.totalBytes : null,
      text: `${progress.doneMatrices.toLocaleString('en')} of ${progress.totalMatrices.toLocaleString('en')} matrices`,
    };
  if ('totalBytes' in progress)
    return {
      fraction: progress.totalBytes > 0 ? progress.doneBytes / progress.totalBytes : null,
      text: `${formatBytes(progress.doneBytes)} of ${formatBytes(progress.totalBytes)}`,
    };
  return {
    fraction: progress.total > 0 ? progress.done / progress.total : null,
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

export function FailedState({ state }: { state: Extract<PanelState, { kind: 'failed' }> }) {
  const { ask, host } = usePanel();
  // Nothing is wrong with these: they are offers.
  const calm = CALM[state.code];
  return (
    <section class="state" data-testid="failed" data-code={state.code}>
      <h1>{state.title}</h1>
      <div class={calm === undefined ? 'message error' : 'message'} role="alert">
        <Icon name={calm === undefined ? 'error' : 'info'} />
        <p data-testid="failed-message">{state.message}</p>
      </div>
      {calm === undefined ? (
        <p class="muted">
          {'Code: '}
          <code>{state.code}</code>
        </p>
      ) : null}
      {state.code === 'bad-line' ? (
        <Button
          label="Skip these lines and run"
          kind="primary"
          testId="skip-lines"
          onClick={() => void ask(host.skipBadLines())}
        />
      ) : null}
      {state.canRetry ? (
        <Button
          label={calm ?? 'Retry'}
          kind={state.code === 'bad-line' ? 'secondary' : 'primary'}
          testId="retry"
          onClick={() => void ask(host.retry())}
        />
      ) : null}
      {calm === undefined ? (
        <div class="failure-actions">
          {(state.actions ?? []).map((action) => (
            <Button
              key={action}
              label={ACTIONS[action]}
              testId={`act-${action}`}
              onClick={() => void ask(host.act({ action }))}
            />
          ))}
        </div>
      ) : null}
    </section>
  );
}
