/** What the heat map of tensor kinds shows, by the user's choices. No DOM. */
import type { HeatStyle } from '../heatmap/paintHeat.js';
import type { MeasureChoice } from '../state/measure.js';
import type { Model } from '../state/model.js';
import type { ViewState } from '../state/view.js';

/** Few rows may be taller, so that the map is about as high as the figure beside it. */
const ROWS = { least: 17, most: 25, wanted: 290 };

/** Cosine is drawn as distance here: otherwise the brightest cells would be those that moved least. */
export function kindsChoice({ metric, energyOver, relativeOver, scale }: ViewState): MeasureChoice {
  return { metric, energyOver, relativeOver, scale: metric === 'cosine' ? 'log' : scale };
}

export function kindsStyle({ scale }: MeasureChoice): HeatStyle {
  return { log: scale === 'log', rows: ROWS, noise: 'dot' };
}

export function kindsDelta({ deltas }: Model, { heatDelta }: ViewState): number {
  return Math.min(heatDelta, deltas.length - 1);
}
