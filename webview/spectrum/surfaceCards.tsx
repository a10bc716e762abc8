/** Singular values by layer and rank, one card per update: the surface, and every tenth rank as lines. */
import { useMemo } from 'preact/hooks';
import { LegendItem } from '../figure/swatch.js';
import { Numbers } from '../folding.js';
import { formatNumber } from '../format.js';
import { labelDepth } from '../state/model.js';
import { DepthChart } from './depthChart.js';
import { rankFigure } from './figures.js';
import type { SpectrumModel } from './model.js';
import type { SpectrumParts } from './resultView.js';
import { SurfaceMap } from './surface.js';
import { rankSurface, type RankSurface } from './surfaceData.js';

/** Ranks that the table lists; the CSV has all. */
const LISTED_RANKS = [1, 2, 5, 10, 20, 30, 40, 50];

export function SurfaceCards({ model, view, chooseDepth }: SpectrumParts) {
  const { part, depth } = view;
  const [surfaces, curves] = useMemo(
    () => [
      model.deltas.map(({ index }) => rankSurface(model, index, part)),
      model.deltas.map(({ index }) => rankFigure(model, index, part)),
    ],
    [model, part],
  );
  return (
    <>
      <div class="surface-cards">
        {surfaces.map((surface, at) => {
          const heading = `${model.deltas[at]!.full}: log(σᵢ / σ₁) by layer and rank`;
          const figure = curves[at]!;
          return (
            <section key={at} class="card" aria-label={heading}>
              <h2>{heading}</h2>
              <SurfaceMap {...{ model, surface, depth, chooseDepth }} testId={`rank-surface-${at}`} />
              <div class="legend rank-legend">
                {figure.series.map((one) => (
                  <LegendItem key={one.key} series={one}>
                    {one.name}
                  </LegendItem>
                ))}
              </div>
              <DepthChart {...{ model, figure, depth, chooseDepth }} testId={`rank-curves-${at}`} low />
            </section>
          );
        })}
      </div>
      <div>
        <SurfaceNumbers model={model} surfaces={surfaces} />
      </div>
    </>
  );
}

function SurfaceNumbers({ model, surfaces }: { model: SpectrumModel; surfaces: readonly RankSurface[] }) {
  const ranks = LISTED_RANKS.filter((rank) => rank <= model.ranks);
  const rows = surfaces.flatMap((surface, index) =>
    surface.depths.map((depth, column) => ({ surface, index, depth, column })),
  );
  return (
    <Numbers
      id="surface-numbers"
      class="surface-numbers"
      label="Numbers of the surfaces"
      count={rows.length}
      headings={['Layer', 'Update', ...ranks.map((rank) => `rank ${rank}`)]}
      rows={() =>
        rows.map(({ surface, index, depth, column }) => (
          <tr key={`${index}/${depth}`}>
            <th scope="row">{labelDepth(model, depth)}</th>
            <td>{model.deltas[index]?.short ?? ''}</td>
            {ranks.map((rank) => {
              const cell = surface.rows[rank - 1]?.[column] ?? null;
              return cell?.inside === true ? (
                <td key={rank} class="noisy" title="Inside the rounding floor.">
                  {formatNumber(cell.value)}
                </td>
              ) : (
                <td key={rank}>{formatNumber(cell?.value)}</td>
              );
            })}
          </tr>
        ))
      }
    />
  );
}
