/** Trainings: every run over the others, a small figure per series by step, and what the model wrote. */
import type { ComponentChildren } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import type { TrainingReading } from '../../src/protocol/engineApi.js';
import type { TrainingState } from '../../src/protocol/hostApi.js';
import { usePanel } from '../context.js';
import { MenuButton } from '../exporters/menu.js';
import { LegendToggle, LineSwatch } from '../figure/swatch.js';
import { Folding } from '../folding.js';
import { plural } from '../format.js';
import type { TrainingHost } from '../host.js';
import { Icon } from '../icons.js';
import { Dropdown, SearchField } from '../kit.js';
import type { Store } from '../state/store.js';
import { Completions } from './completions.js';
import { trainingExports } from './exports.js';
import { markOfRun, restarts, seriesNames, trainingFigure } from './figures.js';
import { FilesRead } from './filesRead.js';
import { SeriesCard } from './seriesCard.js';
import type { Smoothing, TrainingView } from './view.js';
import './training.css';

const SMOOTHINGS: readonly { value: Smoothing; label: string }[] = [
  { value: 'none', label: 'None' },
  { value: 'light', label: 'Light' },
  { value: 'medium', label: 'Medium' },
  { value: 'strong', label: 'Strong' },
];

/** Other series that are drawn at once: a filter leads to the rest. */
const MOST_OTHERS = 24;

interface TrainingProps {
  state: TrainingState;
  host: TrainingHost;
  view: TrainingView;
  store: Store<TrainingView>;
}

export function Training({ state, host, view, store }: TrainingProps) {
  const { title, reading, problem, folders } = state;
  return (
    <div class="training" data-testid="training">
      <div class="title-row">
        <h1>{title}</h1>
        {reading === null ? null : <Exports {...{ title, reading, store }} />}
      </div>
      <p class="muted training-status" data-testid="training-status">
        {reading === null ? folders.join(', ') : statusOf(reading)}
      </p>
      {problem === null ? null : (
        <p class="training-problem" role="status" data-testid="training-problem">
          <Icon name="warning" />
          {`${problem} It is looked at again by itself.`}
        </p>
      )}
      {reading === null && problem === null ? (
        <p class="muted" role="status">
          <span class="spinner" aria-hidden="true" /> Reading the logs…
        </p>
      ) : null}
      {reading === null ? null : <Reading {...{ reading, host, view, store }} />}
    </div>
  );
}

/** The menu stays the same while the training goes on: what is exported is what there is then. */
function Exports({ title, reading, store }: { title: string; reading: TrainingReading; store: Store<TrainingView> }) {
  const context = usePanel();
  const latest = useRef(reading);
  latest.current = reading;
  const entries = useMemo(
    () => trainingExports(context, title, () => ({ reading: latest.current, view: store.get() })),
    [title],
  );
  return <MenuButton label="Export" testId="export" entries={entries} />;
}

function statusOf({ runs, files }: TrainingReading): string {
  const last = runs.reduce<number | null>(
    (most, { lastStep }) => (lastStep === null ? most : Math.max(most ?? 0, lastStep)),
    null,
  );
  const steps = last === null ? 'no step yet' : `step ${last}`;
  return `${plural(runs.length, 'run')} · ${steps} · ${plural(files.length, 'log')} · follows the logs as they grow`;
}

function Reading({ reading, host, view, store }: Omit<TrainingProps, 'state'> & { reading: TrainingReading }) {
  const { ours, others } = seriesNames(reading);
  // With every run hidden there would be nothing to see, and nothing to tell why.
  const hidden = view.hiddenRuns.filter((name) => reading.runs.some((run) => run.name === name));
  const shown = hidden.length < reading.runs.length ? { ...view, hiddenRuns: hidden } : { ...view, hiddenRuns: [] };
  const choose = (run: string | null, step: number) => store.set({ run: run ?? view.run, step });
  const card = (name: (typeof ours)[number]) => (
    <SeriesCard key={name.key} figure={trainingFigure(reading, name, shown)} step={view.step} onChoose={choose} />
  );
  return (
    <>
      <div class="toolbar training-toolbar">
        <Legend reading={reading} hidden={shown.hiddenRuns} store={store} />
        <Dropdown<Smoothing>
          label="Smoothing"
          choices={SMOOTHINGS}
          value={view.smoothing}
          testId="training-smoothing"
          onChange={(smoothing) => store.set({ smoothing })}
        />
      </div>
      {restarts(reading.runs.filter(({ name }) => !shown.hiddenRuns.includes(name))).map((text) => (
        <p key={text} class="muted training-restart" data-testid="training-restart">
          {text}
        </p>
      ))}
      <div class="training-figures" data-testid="training-figures">
        {ours.map(card)}
      </div>
      <Completions {...{ reading, host, store }} view={shown} />
      {others.length === 0 ? null : (
        <Others names={others} filter={view.filter} onFilter={(filter) => store.set({ filter })} card={card} />
      )}
      <FilesRead reading={reading} />
    </>
  );
}

function Legend({
  reading,
  hidden,
  store,
}: {
  reading: TrainingReading;
  hidden: readonly string[];
  store: Store<TrainingView>;
}) {
  const { runs } = reading;
  const toggle = (name: string) => {
    if (hidden.includes(name)) store.set({ hiddenRuns: hidden.filter((one) => one !== name) });
    else if (hidden.length + 1 < runs.length) store.set({ hiddenRuns: [...hidden, name] });
  };
  return (
    <div class="legend" role="group" aria-label="Runs" data-testid="training-legend">
      {runs.map(({ name }, index) => (
        <LegendToggle
          key={name}
          name={name}
          swatch={<LineSwatch series={markOfRun(index)} />}
          pressed={!hidden.includes(name)}
          testId={`training-run-${index}`}
          onToggle={runs.length > 1 ? () => toggle(name) : null}
        />
      ))}
    </div>
  );
}

/** Under the trainers' own names; drawn once they are asked for. */
function Others({
  names,
  filter,
  onFilter,
  card,
}: {
  names: readonly { key: string; label: string }[];
  filter: string;
  onFilter: (filter: string) => void;
  card: (name: { key: string; label: string }) => ComponentChildren;
}) {
  const wanted = filter.trim().toLowerCase();
  const fitting = names.filter(({ key }) => key.toLowerCase().includes(wanted));
  const drawn = fitting.slice(0, MOST_OTHERS);
  return (
    <LazyFolding id="training-others" title={`Other series (${names.length})`}>
      {() => (
        <>
          <div class="toolbar">
            <SearchField label="Filter by name" value={filter} testId="training-filter" onInput={onFilter} />
            <span class="muted" role="status">
              {drawn.length < fitting.length
                ? `the first ${drawn.length} of ${fitting.length}`
                : `${fitting.length} shown`}
            </span>
          </div>
          <div class="training-figures">{drawn.map(card)}</div>
        </>
      )}
    </LazyFolding>
  );
}

function LazyFolding({ id, title, children }: { id: string; title: string; children: () => ComponentChildren }) {
  const { view } = usePanel();
  const open = view.get().open[id] ?? false;
  return (
    <Folding id={id} title={title} open={false} class="training-folding">
      {open ? children() : null}
    </Folding>
  );
}
