/** The surface of the paper's Figure 6 as data: layer × rank of log(σᵢ/σ₁), of one update. No DOM. */
import { formatFraction } from '../format.js';
import { columnsOf, type HeatGrid } from '../heatmap/grid.js';
import type { HeatStyle } from '../heatmap/paintHeat.js';
import { logCell, type LogCell } from './figures.js';
import { byDepth, weightsOf, type SpectrumModel } from './model.js';
import type { WeightPart } from './view.js';

/** As high together whatever number of ranks there is. */
export const RANK_STYLE: HeatStyle = { log: false, rows: { least: 3, most: 14, wanted: 250 }, noise: 'hatch' };

export interface RankSurface extends Pick<HeatGrid, 'breaks' | 'sections' | 'ticks'> {
  title: string;
  /** What it says, in a sentence. */
  summary: string;
  depths: number[];
  ranks: number;
  /** `rows[rank − 1][column]`. */
  rows: (LogCell | null)[][];
  /** Smallest value, at most 0. */
  least: number;
  /** Ranks that are labelled. */
  labels: number[];
  /** Columns where a region begins. */
  cuts: number[];
  /** Fraction of the cells inside the floor, 0…1. */
  insideFraction: number;
  /** Layers that have no cell: nothing of them changed, or no spectrum could be taken. */
  empty: number;
}

export function rankSurface(model: SpectrumModel, delta: number, part: WeightPart): RankSurface {
  const groups = byDepth(weightsOf(model, part));
  const depths = [...groups.keys()].sort((a, b) => a - b);
  const rows = Array.from({ length: model.ranks }, (_, at) =>
    depths.map((depth) => logCell(groups.get(depth)!, delta, at + 1)),
  );
  const cells = rows.flat().filter((cell) => cell !== null);
  const inside = cells.filter((cell) => cell.inside).length;
  const insideFraction = cells.length === 0 ? 0 : inside / cells.length;
  const step = model.ranks >= 20 ? 10 : model.ranks >= 8 ? 4 : 1;
  return {
    title: `${model.deltas[delta]?.full ?? ''}, singular values against the first`,
    summary:
      cells.length === 0
        ? 'There is no spectrum of this update.'
        : inside === 0
          ? 'None of it is inside the rounding floor.'
          : `${formatFraction(insideFraction)} of it is inside the rounding floor.`,
    depths,
    ranks: model.ranks,
    rows,
    least: cells.reduce((least, { value }) => Math.min(least, value), 0),
    labels: [1, ...Array.from({ length: Math.floor(model.ranks / step) }, (_, at) => (at + 1) * step)].filter(
      (rank, at, all) => all.indexOf(rank) === at,
    ),
    ...columnsOf(depths, model.visionLayers),
    cuts:
      model.regions.length === 0
        ? []
        : model.result.cuts.flatMap((cut) => (depths.indexOf(cut + 1) > 0 ? [depths.indexOf(cut + 1)] : [])),
    insideFraction,
    empty: depths.filter((_, column) => rows.every((row) => row[column] === null)).length,
  };
}

/** As it is drawn: ranks are its rows. */
export function surfaceGrid(surface: RankSurface): HeatGrid {
  return {
    depths: surface.depths,
    rows: surface.rows.map((row, at) => ({
      kind: `rank ${at + 1}`,
      label: surface.labels.includes(at + 1) ? String(at + 1) : '',
      group: 'other',
      // Zero is "unchanged" there: the first rank, which is 0 by definition, is drawn as the largest value.
      cells: row.map((cell) =>
        cell === null
          ? null
          : {
              value: cell.value === 0 ? -1e-9 : cell.value,
              level: cell.inside ? 'below' : 'clear',
            },
      ),
    })),
    range: { min: surface.least, max: 0, zero: false },
    noisy: surface.insideFraction === 0 ? 'none' : 'some',
    breaks: surface.breaks,
    cuts: surface.cuts,
    sections: surface.sections,
    ticks: surface.ticks,
  };
}
