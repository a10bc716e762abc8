/** How far consecutive updates share directions, by layer. */
import { useMemo } from 'preact/hooks';
import { BandNote, FloorSwatch, LegendItem } from '../figure/swatch.js';
import { DepthChart, DepthNumbers } from './depthChart.js';
import { overlapFigure } from './figures.js';
import type { SpectrumParts } from './resultView.js';

/** Nothing where there is one update only. */
export function OverlapCard({ model, view, chooseDepth }: SpectrumParts) {
  const figure = useMemo(() => overlapFigure(model, view.part), [model, view.part]);
  if (figure === null) return null;
  return (
    <section class="card" aria-label="Overlap of the updates" data-testid="overlap-card">
      <h2>{figure.title}</h2>
      <p class="note">
        Do consecutive updates share directions? 1: the same subspace. Dotted: the random baseline for subspaces of
        these sizes.
      </p>
      <div class="legend">
        {figure.series.map((one) => (
          <LegendItem key={one.key} series={one}>
            {one.name}
          </LegendItem>
        ))}
        <span class="legend-item">
          <FloorSwatch />
          Random baseline
        </span>
        <BandNote figure={figure} what="range over the layer’s matrices" />
      </div>
      <DepthChart {...{ model, figure, chooseDepth }} depth={view.depth} testId="overlap-figure" />
      <div>
        <DepthNumbers id="overlap-numbers" model={model} figure={figure} overlaps />
      </div>
    </section>
  );
}
