/** The figures of the Spectrum tab as numbers: CSV and Markdown. No DOM. */
import { csv, type Cell } from '../../src/protocol/csv.js';
import { markdownCell } from '../exporters/tables.js';
import { regionOfDepth } from '../../src/protocol/layers.js';
import { labelDepth } from '../state/model.js';
import { depthRows } from './depthReading.js';
import type { DepthFigure } from './figures.js';
import type { SpectrumModel } from './model.js';
import type { RankSurface } from './surfaceData.js';

/** One row per layer and line. */
export function depthCsv(model: SpectrumModel, figures: readonly DepthFigure[]): string {
  return csv([
    ['figure', 'section', 'layer', 'region', 'line', 'value', 'low', 'high', 'floor', 'matrices', 'dominated'],
    ...figures.flatMap((figure) =>
      depthRows(model, figure).map(({ depth, region, name, point }): Cell[] => [
        figure.title,
        ...locationCells(model, depth),
        region,
        name,
        point.value,
        point.low,
        point.high,
        point.floor,
        point.matrices,
        point.dominated,
      ]),
    ),
  ]);
}

/** One row per update, layer and rank. */
export function surfaceCsv(model: SpectrumModel, surfaces: readonly RankSurface[]): string {
  return csv([
    ['update', 'section', 'layer', 'rank', 'log ratio', 'floor', 'inside floor', 'matrices'],
    ...surfaces.flatMap((surface, index) =>
      surface.depths.flatMap((depth, column) =>
        surface.rows.flatMap((row, at): Cell[][] => {
          const cell = row[column] ?? null;
          return cell === null
            ? []
            : [
                [
                  model.deltas[index]?.full,
                  ...locationCells(model, depth),
                  at + 1,
                  cell.value,
                  cell.floor,
                  cell.inside ? 'yes' : 'no',
                  cell.matrices,
                ],
              ];
        }),
      ),
    ),
  ]);
}

/** Section and 0-based layer; the projector has none. */
function locationCells(model: SpectrumModel, depth: number): Cell[] {
  const { section, layer } = regionOfDepth(depth, model.visionLayers);
  return [section, layer];
}

export function depthMarkdown(model: SpectrumModel, figure: DepthFigure): string {
  const rows = depthRows(model, figure).map(({ depth, region, name, point }) => {
    const floor = point.floor === null ? '' : figure.format(point.floor);
    return (
      `| ${labelDepth(model, depth)} | ${region} | ${markdownCell(name)} | ${figure.format(point.value!)} | ` +
      `${floor} | ${point.dominated} of ${point.matrices} |`
    );
  });
  return (
    [
      `${markdownCell(figure.title)}`,
      '',
      '| Layer | Region | Line | Value | Floor | Explained by the floor |',
      '|--:|:--|:--|--:|--:|--:|',
      ...rows,
    ].join('\n') + '\n'
  );
}
