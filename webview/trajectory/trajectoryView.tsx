/** A trajectory: what each step changed, layer by layer, and whether its directions settled. */
import { useMemo } from 'preact/hooks';
import type { TrajectoryResult } from '../../src/protocol/engineApi.js';
import type { BesideSteps } from '../../src/protocol/hostApi.js';
import { trajectoryReading } from '../../src/protocol/trajectoryReading.js';
import { usePanel } from '../context.js';
import { MenuButton } from '../exporters/menu.js';
import { MissingList, Numbers, Warnings } from '../folding.js';
import { formatNumber, plural } from '../format.js';
import type { TrajectoryHost } from '../host.js';
import { Button, Checkbox, Segmented } from '../kit.js';
import { CutRow } from '../figure/cutRow.js';
import { createLinked, type Linked } from '../figure/linked.js';
import type { Cuts } from '../figure/regions.js';
import { Provenance } from '../overview/provenance.js';
import type { Store } from '../state/store.js';
import { sharedSteps } from './beside.js';
import { Beside } from './besideCards.js';
import { StepLines } from './stepLines.js';
import { StepMap } from './stepMap.js';
import { trajectoryExports } from './exports.js';
import { type Drawn, rankFigure, similarityFigure, similarityGrid, sizeFigure, sizeGrid } from './figures.js';
import { againstText, formatSize, layerAt, modelOf, SIZE_NAMES, type TrajectoryModel } from './model.js';
import { HEADINGS, numberRows } from './numbers.js';
import './trajectory.css';
import type { SizeName, TrajectoryView } from './view.js';

export interface TrajectoryProps {
  title: string;
  result: TrajectoryResult;
  /** New checkpoints are looked for. */
  following: boolean;
  /** One has come, and is being read. */
  busy: boolean;
  /** What is known of the steps beside their weights. */
  beside: BesideSteps | null;
  view: TrajectoryView;
  store: Store<TrajectoryView>;
  host: TrajectoryHost;
  onCut: (cuts: Cuts) => void;
}

export function Trajectory({ title, result, following, busy, beside, view, store, host, onCut }: TrajectoryProps) {
  const context = usePanel();
  const model = useMemo(() => modelOf(result), [result]);
  const linked = useMemo(createLinked, []);
  const steps = useMemo(() => sharedSteps(model, beside), [model, beside]);
  const drawnOf = (from: TrajectoryView): Drawn => ({ ...from, against: from.against ?? result.against });
  const exports = useMemo(() => trajectoryExports(context, model, title, () => drawnOf(store.get())), [model, title]);
  const drawn = drawnOf(view);
  const parts = { model, drawn, steps, linked, chooseDepth: (depth: number | null) => choose(depth) };
  const choose = (depth: number | null) => {
    const wanted = depth === view.depth ? null : depth;
    store.set({ depth: wanted });
    context.announce(
      wanted === null ? 'Selection cleared.' : `${layerAt(model, wanted)?.name ?? ''}: its curve is in the figures.`,
    );
  };
  return (
    <div class="trajectory" data-testid="trajectory">
      <div class="top">
        <div class="title-row">
          <h1>{title}</h1>
          <span class="trajectory-actions">
            <Button
              label={following ? 'Stop Watching' : 'Watch for New Checkpoints'}
              title="Takes up new checkpoints of this folder once they are whole"
              testId="follow"
              onClick={() => void context.ask(host.followSteps({ on: !following }))}
            />
            <MenuButton label="Export" testId="export" entries={exports} />
          </span>
        </div>
        <p class="muted" data-testid="follow-state">
          {`${plural(result.stages.length, 'checkpoint')}, step ${result.steps[0]!} to ${result.steps.at(-1)!}`}
          {busy ? ' · reading new checkpoints …' : following ? ' · watching for new checkpoints' : ''}
        </p>
      </div>
      <div class="trajectory-reading" data-testid="reading">
        {trajectoryReading(result).map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </div>
      <div class="overview">
        <Warnings id="trajectory-warnings" list={result.warnings} />
        <MissingList
          id="trajectory-left-out"
          title={`${plural(result.leftOut.length, 'checkpoint')} not whole, and so not read`}
          items={result.leftOut}
        >
          {({ path, reason }) => (reason.includes(path) ? reason : `${path}: ${reason}`)}
        </MissingList>
        <MissingList
          id="trajectory-missing"
          title={`${plural(result.missing.length, 'tensor')} without a counterpart`}
          items={result.missing}
        >
          {({ name, reason }) => `${name}: ${reason}`}
        </MissingList>
      </div>
      <Choices {...{ model, drawn, store }} />
      <CutRow
        languageLayers={model.languageLayers}
        cuts={result.cuts}
        hidden={result.regions.length === 0 || model.languageLayers < 3}
        onCut={(cuts) => {
          context.announce(`Mid starts at layer ${cuts[0]}, Late at layer ${cuts[1]}.`);
          onCut(cuts);
        }}
      />
      <Sizes {...parts} />
      {result.directions ? <Directions {...parts} /> : null}
      <Beside {...{ model, beside, steps, linked }} />
      <StepNumbers {...{ model, drawn }} />
      <Provenance provenance={result.provenance} cuts={result.cuts} />
    </div>
  );
}

function Choices({ model, drawn, store }: { model: TrajectoryModel; drawn: Drawn; store: Store<TrajectoryView> }) {
  return (
    <div class="toolbar figure-toolbar" role="toolbar" aria-label="What the figures show">
      <Segmented
        label="Update"
        testId="against"
        choices={[
          { value: 'first', label: `Since ${model.result.stages[0]!.label}` },
          { value: 'previous', label: 'Since previous' },
        ]}
        value={drawn.against}
        onChange={(against) => store.set({ against })}
      />
      <Segmented<SizeName>
        label="Size"
        testId="size"
        choices={[
          { value: 'relative', label: 'Relative', title: SIZE_NAMES.relative },
          { value: 'fro', label: 'Absolute', title: SIZE_NAMES.fro },
          { value: 'changed', label: 'Changed', title: SIZE_NAMES.changed },
        ]}
        value={drawn.size}
        onChange={(size) => store.set({ size })}
      />
      <Checkbox label="Log scale" checked={drawn.log} testId="log" onChange={(log) => store.set({ log })} />
    </div>
  );
}

interface Parts {
  model: TrajectoryModel;
  drawn: Drawn;
  /** What the axis holds. */
  steps: readonly number[];
  linked: Linked;
  chooseDepth: (depth: number | null) => void;
}

function Sizes({ model, drawn, steps, linked, chooseDepth }: Parts) {
  const { size, log, against, depth } = drawn;
  const [grid, figure] = useMemo(
    () => [sizeGrid(model, drawn), sizeFigure(model, drawn, [...steps])],
    [model, size, log, against, depth, steps],
  );
  const heading = `${SIZE_NAMES[size]} ${againstText(model, against)}`;
  return (
    <div class="curve-cards">
      <section class="card" aria-label={`${heading}, by layer and step`}>
        <h2>{`${heading}, by layer and step`}</h2>
        <StepMap
          {...{ model, grid, depth, chooseDepth, log, linked }}
          testId="step-map"
          title={heading}
          format={(value) => formatSize(size, value)}
        />
      </section>
      <section class="card" aria-label={`${heading}, by step`}>
        <h2>{`${heading}, by step`}</h2>
        <StepLines {...{ model, figure, linked }} testId="step-lines" format={(value) => formatSize(size, value)} />
      </section>
    </div>
  );
}

/** Whether the directions settled, and how many there are. */
function Directions({ model, drawn: { depth }, steps, linked, chooseDepth }: Parts) {
  const { k } = model.result;
  const [grid, figure, ranks] = useMemo(
    () => [similarityGrid(model), similarityFigure(model, depth, [...steps]), rankFigure(model, depth, [...steps])],
    [model, depth, steps],
  );
  const heading = `Sim_${k} with the last step`;
  const format = (value: number | null | undefined) => (value === null || value === undefined ? '–' : value.toFixed(3));
  return (
    <div class="curve-cards">
      <section class="card" aria-label={`${heading}, by layer and step`}>
        <h2>{`${heading}, by layer and step`}</h2>
        <StepMap
          {...{ model, grid, depth, chooseDepth, format, linked }}
          log={false}
          testId="similarity-map"
          title={heading}
        />
      </section>
      <section class="card" aria-label={`${heading}, by step`}>
        <h2>{`${heading}, by step`}</h2>
        <StepLines {...{ model, figure, format, linked }} testId="similarity-lines" />
        <p class="note">{`The first ${k} input directions of the update ${againstText(model, 'first')}, held against those of the last step: 1 where they are the same. Dotted: directions at random.`}</p>
      </section>
      <section class="card" aria-label="Stable rank of the update, by step">
        <h2>Stable rank of the update, by step</h2>
        <StepLines {...{ model, linked }} figure={ranks} testId="rank-lines" format={formatNumber} />
        <p class="note">{`‖Δ‖_F² / σ₁² of the update ${againstText(model, 'first')}, the mean over matrices: about how many directions it has.`}</p>
      </section>
    </div>
  );
}

function StepNumbers({ model, drawn }: { model: TrajectoryModel; drawn: Drawn }) {
  const rows = useMemo(() => numberRows(model, drawn), [model, drawn.against, drawn.depth]);
  return (
    <Numbers
      id="trajectory-numbers"
      label="Numbers of the trajectory"
      count={rows.length}
      headings={HEADINGS}
      rows={() =>
        rows.map(([step, ...cells], at) => (
          <tr key={at}>
            <th scope="row">{step}</th>
            {cells.map((cell, index) => (
              <td key={index} class={index === 0 ? 'text' : undefined}>
                {cell}
              </td>
            ))}
          </tr>
        ))
      }
    />
  );
}
