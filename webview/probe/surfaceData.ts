/** Function by layer as a heat map's data: the surface of the paper, seen from above. No DOM. */
import { columnsOf, type HeatGrid } from '../heatmap/grid.js';
import type { HeatStyle } from '../heatmap/paintHeat.js';
import { curveName, depthsOf, type Curve, type ProbeModel } from './model.js';

export const SURFACE_STYLE: HeatStyle = { log: false, rows: { least: 24, most: 24, wanted: 24 }, noise: 'dot' };

export function surfaceGrid(model: ProbeModel, curves: readonly Curve[]): HeatGrid {
  const depths = depthsOf(curves);
  // A probe has language layers only, from 0; columns are told by depth, where the first one is 1.
  const { ticks } = columnsOf(
    depths.map((layer) => layer + 1),
    0,
  );
  return {
    depths,
    rows: curves.map((curve) => ({
      kind: curve.key,
      label: curveName(model, curve),
      group: 'other',
      cells: depths.map((depth) => {
        const point = curve.points.find((one) => one.depth === depth);
        // Zero is "unchanged" there; here it is a value like others.
        return point === undefined ? null : { value: Math.max(point.value, 1e-9), level: 'clear' };
      }),
    })),
    range: { min: 0, max: 1, zero: false },
    noisy: 'none',
    breaks: [],
    cuts: model.cuts.map((cut) => depths.indexOf(cut)).filter((column) => column > 0),
    sections: [],
    ticks,
  };
}
