/** The layer figure of a comparison: its legend, its lines, and the borders of its regions, dragged or typed. */
import { useMemo, useRef, useState } from 'preact/hooks';
import { usePanel } from '../context.js';
import { CutRow } from '../figure/cutRow.js';
import { createGrips, type Grips } from '../figure/grips.js';
import { LineChart } from '../figure/lineChart.js';
import { moveCut, REGION_NAMES, type Cuts } from '../figure/regions.js';
import { buildFigure, describeFigure, readPoint, regionsOf, type LayerFigure } from '../figure/series.js';
import { FloorSwatch, LegendToggle, Swatch } from '../figure/swatch.js';
import { formatTimes } from '../format.js';
import { Checkbox } from '../kit.js';
import { formatMeasure, FLOOR_HELP, LEVEL_TEXT } from '../state/measure.js';
import { describeDepth, type Model } from '../state/model.js';
import type { ViewState } from '../state/view.js';
import { Help, TooltipTitle } from '../tooltip.js';

export interface LayerCardProps {
  model: Model;
  view: ViewState;
  onCut: (cuts: Cuts) => void;
}

export function LayerCard({ model, view, onCut }: LayerCardProps) {
  const context = usePanel();
  const { figure, cuts, grips, sendCuts } = useCuts(model, view, onCut);
  const canCut = figure.regions.length > 0 && model.languageLayers >= 3;
  const select = (depth: number | null) => {
    context.view.set(depth === null ? { depth: null, depthOnly: false } : { depth, depthOnly: true });
    context.announce(
      depth === null ? 'Selection cleared.' : `Selected ${describeDepth(model, depth)}. The table shows its tensors.`,
    );
  };
  return (
    <section class="card" aria-label="Update by layer">
      <h2>Update by layer</h2>
      <div class="layer-figure">
        <Legend model={model} view={view} figure={figure} />
        <LineChart<LayerFigure>
          testId="layer-figure"
          canvasId="layer-canvas"
          class="figure-stage"
          roleDescription="layer figure"
          figure={figure}
          chosen={view.depth === null ? null : { x: view.depth, key: '' }}
          wholeColumn
          allLines
          apart
          narrow={520}
          grips={grips}
          describe={(drawn) => `${describeFigure(model, drawn)} Arrow keys walk the layers, Enter selects.`}
          tooltip={(drawn, at) => <LayerTooltip model={model} figure={drawn} depth={at.x} />}
          read={(drawn, at) => readPoint(model, drawn, at.x)}
          onChoose={(at) => select(at === null || (at.x === view.depth && view.depthOnly) ? null : at.x)}
        />
        {figure.zerosOnLog ? (
          <p class="note">× at the lower edge: exactly unchanged; a log scale has no zero.</p>
        ) : null}
        <CutRow languageLayers={model.languageLayers} cuts={cuts} hidden={!canCut} onCut={sendCuts} />
        <p class="note">Click a layer to list its tensors.</p>
      </div>
    </section>
  );
}

/** The figure with its borders where they are being dragged to. */
function useCuts(model: Model, view: ViewState, onCut: (cuts: Cuts) => void) {
  const context = usePanel();
  const { metric, energyOver, relativeOver, scale, axes, part, floor, hidden } = view;
  const [draft, setDraft] = useState<Cuts | null>(null);
  const cuts = draft ?? model.result.cuts;
  const base = useMemo(
    () => buildFigure(model, { metric, energyOver, relativeOver, scale, axes, part, floor, hidden }),
    [model, metric, energyOver, relativeOver, scale, axes, part, floor, hidden],
  );
  const figure = useMemo(() => (draft === null ? base : { ...base, regions: regionsOf(model, draft) }), [base, draft]);
  const sendCuts = (next: Cuts) => {
    setDraft(null);
    const now = model.result.cuts;
    if (now[0] === next[0] && now[1] === next[1]) return;
    context.announce(`Mid starts at layer ${next[0]}, Late at layer ${next[1]}.`);
    onCut(next);
  };
  const latest = useRef({ model, figure, cuts, draft, sendCuts });
  latest.current = { model, figure, cuts, draft, sendCuts };
  const grips = useRef<Grips | null>(null);
  grips.current ??= createGrips(context, {
    cuts: () => {
      const { figure: drawn, model: own, cuts: now } = latest.current;
      return drawn.regions.length > 0 && own.languageLayers >= 3 ? now : null;
    },
    onMove(which, to) {
      const next = moveCut(latest.current.cuts, which, to, latest.current.model.languageLayers);
      latest.current.cuts = latest.current.draft = next;
      setDraft(next);
    },
    onDrop: () => latest.current.draft !== null && latest.current.sendCuts(latest.current.draft),
    onCancel: () => setDraft(null),
  });
  return { figure, cuts, grips: grips.current, sendCuts };
}

function Legend({ model, view, figure }: { model: Model; view: ViewState; figure: LayerFigure }) {
  const context = usePanel();
  const { hidden, metric } = view;
  const all = model.deltas.length;
  const toggle = (index: number) => {
    const next = hidden.includes(index) ? hidden.filter((one) => one !== index) : [...hidden, index];
    if (next.length < all) context.view.set({ hidden: next });
  };
  return (
    <div class="legend" role="group" aria-label="Updates in the figure" data-testid="layer-legend">
      {model.deltas.map((name) => {
        const series = figure.series.find(({ delta }) => delta.index === name.index);
        const side = series !== undefined && figure.axes.length > 1 ? figure.axes[series.axis ?? 0]!.side : null;
        return (
          <LegendToggle
            key={name.index}
            name={name.full}
            says={name.short}
            swatch={<Swatch delta={name.index} />}
            after={side === null ? null : <span class="muted">{`${side} axis`}</span>}
            pressed={series !== undefined}
            testId={`legend-${name.index}`}
            onToggle={all < 2 ? null : () => toggle(name.index)}
          />
        );
      })}
      {metric === 'energy' || metric === 'relative' ? (
        <span class="legend-item">
          <Checkbox
            label="Rounding floor"
            checked={view.floor}
            testId="floor-toggle"
            onChange={(on) => context.view.set({ floor: on })}
          />
          <FloorSwatch />
          <Help text={FLOOR_HELP} />
        </span>
      ) : null}
    </div>
  );
}

function LayerTooltip({ model, figure, depth }: { model: Model; figure: LayerFigure; depth: number }) {
  const region = model.layers.get(depth)?.region ?? null;
  return (
    <>
      <TooltipTitle aside={region === null ? '' : REGION_NAMES[region]}>{describeDepth(model, depth)}</TooltipTitle>
      <div class="muted">{figure.label}</div>
      <table>
        <tbody>
          {figure.series.map(({ key, delta, points }) => {
            const own = points.find((candidate) => candidate.depth === depth);
            const ratio = own?.ratio ?? null;
            const level = own === undefined || own.level === 'clear' || own.level === 'unknown' ? null : own.level;
            return (
              <tr key={key}>
                <th scope="row">
                  <Swatch delta={delta.index} />
                  {delta.short}
                </th>
                <td>{formatMeasure(figure.choice, own?.value ?? null)}</td>
                <td>{ratio === null || ratio === 0 ? '' : `${formatTimes(ratio)} floor`}</td>
                <td class="muted">{level === null ? '' : LEVEL_TEXT[level]}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}
