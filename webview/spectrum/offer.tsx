/** No spectrum yet: what it would cost, what may be chosen, and the button that starts it. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { SpectrumMode, SpectrumPlan } from '../../src/protocol/engineApi.js';
import type { SpectrumState, SpectrumChoice } from '../../src/protocol/hostApi.js';
import { usePanel } from '../context.js';
import type { SpectrumHost } from '../host.js';
import { Icon } from '../icons.js';
import { Button, Field, SearchField, Segmented } from '../kit.js';
import { planFacts } from './planFacts.js';

type Offered = Extract<SpectrumState, { kind: 'offer' | 'failed' }>;

const MODE_TEXT: Record<SpectrumMode, string> = {
  exact: 'Every singular value of every matrix, to float64 accuracy.',
  fast:
    'The largest singular values and an estimate of the rest. Every number has its error; ' +
    'single matrices can be refined to exact later.',
};

/** Typing a filter should not plan on every key. Milliseconds. */
const SETTLE = 350;

export function Offer({ state, host }: { state: Offered; host: SpectrumHost }) {
  const { ask } = usePanel();
  const [choice, setChoice] = useState<SpectrumChoice>(state.choice);
  const [starting, setStarting] = useState(false);
  const { plan, error, stale, mode, planNow, planSoon } = usePlan(host, state.choice.mode);
  useLayoutEffect(() => {
    setChoice(state.choice);
    planNow(state.choice);
  }, [state]);
  const change = (next: SpectrumChoice) => {
    setChoice(next);
    return next;
  };
  const start = () => {
    setStarting(true);
    void ask(host.computeSpectrum(choice)).then(() => setStarting(false));
  };
  const kept = state.kind === 'failed' ? state.code === 'cancelled' : state.interrupted !== null;
  const words = kept ? 'Continue' : state.kind === 'failed' ? 'Retry' : 'Compute';
  const shownMode = mode ?? choice.mode;
  return (
    <section class="state spectrum-offer" data-testid="spectrum-offer">
      <h1>Spectrum of the updates</h1>
      <p>
        In how many directions did training move each weight, and how much of that is only rounding? The singular values
        of every update show it, next to the spectrum that rounding to the stored dtype gives by itself.
      </p>
      <div>
        <Notice state={state} />
      </div>
      <div class="offer-choices">
        <Segmented<SpectrumMode>
          label="Mode"
          testId="spectrum-mode"
          choices={[
            { value: 'exact', label: 'Exact', title: MODE_TEXT.exact },
            { value: 'fast', label: 'Fast', title: MODE_TEXT.fast },
          ]}
          value={shownMode ?? 'exact'}
          onChange={(value) => planNow(change({ ...choice, mode: value }))}
        />
        <Field label="Weights">
          <SearchField
            label="All weights, or a regular expression"
            value={choice.filter}
            testId="spectrum-filter"
            onInput={(value) => planSoon(change({ ...choice, filter: value.trim() }))}
          />
        </Field>
      </div>
      <p class="note">{shownMode === null ? '' : MODE_TEXT[shownMode]}</p>
      <p class="field-error" role="alert" hidden={error === null} data-testid="spectrum-plan-error">
        {error}
      </p>
      <dl class={stale ? 'plan stale' : 'plan'} aria-live="polite" data-testid="spectrum-plan">
        <PlanFacts plan={plan} estimating={stale && error === null} />
      </dl>
      <Button
        label={words}
        kind="primary"
        testId="spectrum-compute"
        disabled={starting || error !== null}
        onClick={start}
      />
    </section>
  );
}

function PlanFacts({ plan, estimating }: { plan: SpectrumPlan | null; estimating: boolean }) {
  if (plan !== null)
    return (
      <>{planFacts(plan).map(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name}:`}>{value}</dd>])}</>
    );
  return estimating ? (
    <>
      <dt>Cost</dt>
      <dd class="muted">estimating…</dd>
    </>
  ) : null;
}

/** What a choice would cost, of the newest question that was asked. */
function usePlan(host: SpectrumHost, first: SpectrumMode | null) {
  const [found, setFound] = useState<{ plan: SpectrumPlan | null; error: string | null }>({ plan: null, error: null });
  const [stale, setStale] = useState(false);
  const [mode, setMode] = useState(first);
  const asked = useRef(0);
  const pending = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(pending.current), []);
  const planNow = (choice: SpectrumChoice) => {
    const own = ++asked.current;
    setStale(true);
    if (choice.mode !== null) setMode(choice.mode);
    const settle = (plan: SpectrumPlan | null, error: string | null) => {
      // A newer question has been asked meanwhile.
      if (own !== asked.current) return;
      setFound({ plan, error });
      setStale(false);
      if (plan !== null) setMode(plan.mode);
    };
    host.planSpectrum(choice).then(
      (plan) => settle(plan, null),
      (cause: unknown) => settle(null, cause instanceof Error ? cause.message : String(cause)),
    );
  };
  const planSoon = (choice: SpectrumChoice) => {
    clearTimeout(pending.current);
    pending.current = setTimeout(() => planNow(choice), SETTLE);
  };
  return { ...found, stale, mode, planNow, planSoon };
}

/** Why there is none: it failed, or was cut short. */
function Notice({ state }: { state: Offered }) {
  if (state.kind === 'failed') {
    const cancelled = state.code === 'cancelled';
    return (
      <div
        class={cancelled ? 'message' : 'message error'}
        role="alert"
        data-testid="spectrum-failed"
        data-code={state.code}
      >
        <Icon name={cancelled ? 'info' : 'error'} />
        <p>{state.message}</p>
      </div>
    );
  }
  if (state.interrupted === null) return null;
  return (
    <div class="message" data-testid="spectrum-interrupted">
      <Icon name="info" />
      <p>
        {`An earlier analysis was interrupted at ${Math.floor(100 * state.interrupted)}%. With the same choices it continues from there.`}
      </p>
    </div>
  );
}
