/** What the model wrote at one step: completions of a prompt beside each other, with every reward. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { CompletionRow, TextPart, TrainingCompletions, TrainingReading } from '../../src/protocol/engineApi.js';
import { formatNumber, plural } from '../format.js';
import type { TrainingHost } from '../host.js';
import { Button, Dropdown } from '../kit.js';
import type { Store } from '../state/store.js';
import { byPrompt, nearestStep } from './prompts.js';
import type { TrainingView } from './view.js';

interface CompletionsProps {
  reading: TrainingReading;
  host: TrainingHost;
  view: TrainingView;
  store: Store<TrainingView>;
}

export function Completions({ reading, host, view, store }: CompletionsProps) {
  const runs = reading.runs.filter(
    ({ completions, name }) => completions.length > 0 && !view.hiddenRuns.includes(name),
  );
  const run = runs.find(({ name }) => name === view.run) ?? runs[0];
  const steps = run?.completions ?? [];
  const step = nearestStep(steps, view.step);
  const { shown, problem } = useCompletions(host, run?.name, step, reading.version);
  if (run === undefined || step === null) return null;
  return (
    <section class="block training-completions" aria-label="Completions" data-testid="completions">
      <h2>Completions</h2>
      <div class="toolbar">
        <Dropdown
          label="Run"
          choices={runs.map(({ name }) => ({ value: name, label: name }))}
          value={run.name}
          testId="completions-run"
          hidden={runs.length === 1}
          onChange={(name) => store.set({ run: name })}
        />
        <StepSlider steps={steps} step={step} onChange={(next) => store.set({ step: next })} />
        <Button
          label="Follow the latest"
          testId="completions-latest"
          disabled={view.step === null}
          onClick={() => store.set({ step: null })}
        />
      </div>
      {problem === null ? null : (
        <p class="training-problem" role="alert" data-testid="completions-problem">
          {problem}
        </p>
      )}
      {shown === null ? null : <Rows shown={shown} />}
    </section>
  );
}

/** Asks the host whenever another step is meant, and again where the logs have grown. */
function useCompletions(host: TrainingHost, run: string | undefined, step: number | null, version: string) {
  const [shown, setShown] = useState<TrainingCompletions | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const asked = useRef(0);
  useEffect(() => {
    const own = ++asked.current;
    if (run === undefined || step === null) return;
    const settle = (found: TrainingCompletions | null, error: string | null) => {
      if (own !== asked.current) return; // another step is meant by now
      setShown(found);
      setProblem(error);
    };
    host.trainingCompletions({ run, step }).then(
      (found) => settle(found, null),
      (error: unknown) => settle(null, error instanceof Error ? error.message : 'The completions could not be read.'),
    );
  }, [run, step, version]);
  return { shown, problem };
}

function StepSlider({
  steps,
  step,
  onChange,
}: {
  steps: readonly number[];
  step: number;
  onChange: (step: number) => void;
}) {
  return (
    <label class="step-slider">
      <span>Step</span>
      <input
        type="range"
        min={0}
        max={steps.length - 1}
        step={1}
        value={steps.indexOf(step)}
        disabled={steps.length === 1}
        aria-label="Step of the completions"
        aria-valuetext={`step ${step}`}
        data-testid="completions-step"
        onInput={({ currentTarget }) => onChange(steps[Number(currentTarget.value)]!)}
      />
      <output data-testid="completions-at">{step}</output>
    </label>
  );
}

function Rows({ shown: { rows, total, step, run } }: { shown: TrainingCompletions }) {
  const groups = byPrompt(rows);
  return (
    <div data-testid="completions-rows" data-step={step} data-run={run}>
      {rows.length === 0 ? <p class="muted">This step has no completions.</p> : null}
      {groups.map(({ prompt, rows: own }, at) => (
        <article key={at} class="prompt-group">
          <h3 class="prompt-text">
            <Parts parts={prompt} />
          </h3>
          <div class="completion-cards">
            {own.map((row, index) => (
              <CompletionCard key={index} row={row} name={`${at + 1}.${index + 1}`} />
            ))}
          </div>
        </article>
      ))}
      {total > rows.length ? (
        <p class="muted">{`The first ${rows.length} of ${plural(total, 'completion')}.`}</p>
      ) : null}
    </div>
  );
}

function CompletionCard({ row, name }: { row: CompletionRow; name: string }) {
  const { completion, rewards, advantage, facts } = row;
  return (
    <div class="completion-card" role="group" aria-label={`Completion ${name}`} data-testid="completion">
      <p class="completion-text" tabIndex={0}>
        <Parts parts={completion} />
      </p>
      <dl class="completion-numbers">
        {rewards.map(({ name: reward, value }) => [
          <dt key={reward}>{reward}</dt>,
          <dd key={`${reward}:`}>{value === null ? 'none' : formatNumber(value)}</dd>,
        ])}
        {advantage === null ? null : [<dt key="a">Advantage</dt>, <dd key="a:">{formatNumber(advantage)}</dd>]}
        {facts.map(({ name: fact, text }) => [
          <dt key={fact}>{fact}</dt>,
          <dd key={`${fact}:`} class="completion-fact">
            {text}
          </dd>,
        ])}
      </dl>
    </div>
  );
}

/** Texts as they are, with a mark where an image stood. */
function Parts({ parts }: { parts: readonly TextPart[] }) {
  return (
    <>
      {parts.map((part, at) =>
        'text' in part ? (
          part.text
        ) : (
          <span key={at} class="image-mark">
            image
          </span>
        ),
      )}
    </>
  );
}
