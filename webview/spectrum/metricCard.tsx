/** A rank metric over layers, and which one. */
import { useMemo } from 'preact/hooks';
import { BandNote, FloorSwatch, LegendItem, LegendToggle, Swatch } from '../figure/swatch.js';
import { Dropdown, Segmented } from '../kit.js';
import { Help } from '../tooltip.js';
import { DepthChart, DepthNumbers } from './depthChart.js';
import { metricFigure, type DepthFigure } from './figures.js';
import { FLOOR_BAND_HELP, RANK_TEXT } from './measure.js';
import type { SpectrumParts } from './resultView.js';
import { PART_TEXT, RANK_METRICS, WEIGHT_PARTS, type SpectrumView, type RankMetric, type WeightPart } from './view.js';

export function MetricToolbar({ model, view, store }: SpectrumParts) {
  const parts = new Set(model.counted.map(({ component }) => component as string));
  return (
    <div class="toolbar figure-toolbar" role="toolbar" aria-label="What the figures show">
      <Dropdown<RankMetric>
        label="Metric"
        testId="rank-metric"
        choices={RANK_METRICS.map((value) => ({ value, label: RANK_TEXT[value].label }))}
        value={view.metric}
        onChange={(metric) => store.set({ metric })}
        after={
          <span class="help-slot">
            <Help text={RANK_TEXT[view.metric].help} />
          </span>
        }
      />
      <span>
        {view.metric === 'topEnergy' && model.tops.length > 0 ? (
          <Segmented<string>
            label="k"
            testId="top-k"
            choices={model.tops.map((value) => ({ value, label: value }))}
            value={view.top}
            onChange={(top) => store.set({ top })}
          />
        ) : null}
      </span>
      <Dropdown<WeightPart>
        label="Weights"
        testId="spectrum-part"
        choices={WEIGHT_PARTS.filter((value) => value === 'all' || parts.has(value)).map((value) => ({
          value,
          label: PART_TEXT[value],
        }))}
        value={view.part}
        hidden={parts.size < 2}
        onChange={(part) => store.set({ part })}
      />
      <Segmented<SpectrumView['scale']>
        label="Scale"
        testId="spectrum-scale"
        choices={[
          { value: 'linear', label: 'Linear' },
          { value: 'log', label: 'Log' },
        ]}
        value={view.scale}
        hidden={view.metric === 'logVolume'}
        onChange={(scale) => store.set({ scale })}
      />
    </div>
  );
}

export function MetricCard(parts: SpectrumParts) {
  const { model, view, chooseDepth } = parts;
  const { metric, top, part, scale, hidden } = view;
  const figure = useMemo(
    () => metricFigure(model, { metric, top, part, scale, hidden }),
    [model, metric, top, part, scale, hidden],
  );
  return (
    <section class="card" aria-label="Rank metrics over layers">
      <h2>{figure.title}</h2>
      <Legend {...parts} figure={figure} />
      <DepthChart {...{ model, figure, chooseDepth }} depth={view.depth} testId="metric-figure" />
      <p class="note">Click a layer to list its matrices.</p>
      <div>
        <DepthNumbers id="metric-numbers" model={model} figure={figure} />
      </div>
    </section>
  );
}

function Legend({ model, view, store, figure }: SpectrumParts & { figure: DepthFigure }) {
  const { hidden } = view;
  const corrected = figure.series.find(({ kind }) => kind === 'corrected');
  const isHollow = figure.series.some(({ points }) => points.some((point) => point.hollow === true));
  const toggle = (index: number) => {
    const next = hidden.includes(index) ? hidden.filter((one) => one !== index) : [...hidden, index];
    if (next.length < model.deltas.length) store.set({ hidden: next });
  };
  return (
    <div class="legend" role="group" aria-label="Lines in the figure" data-testid="spectrum-legend">
      {model.deltas.map((name) => (
        <LegendToggle
          key={name.index}
          name={name.full}
          says={name.short}
          swatch={<Swatch delta={name.index} />}
          pressed={figure.series.some(({ delta }) => delta === name.index)}
          testId={`spectrum-legend-${name.index}`}
          onToggle={model.deltas.length < 2 ? null : () => toggle(name.index)}
        />
      ))}
      {figure.zones.length === 0 ? null : (
        <span class="legend-item">
          <FloorSwatch />
          Rounding floor
          <Help text={FLOOR_BAND_HELP} />
        </span>
      )}
      {corrected === undefined ? null : <LegendItem series={corrected}>Floor-corrected</LegendItem>}
      {isHollow ? <span class="muted">Hollow: explained by the floor.</span> : null}
      <BandNote figure={figure} what="range over the layer’s matrices" />
    </div>
  );
}
