/** Axes with round ticks, shared by the figure on screen and the exported drawing. No DOM. */

export interface Axis {
  min: number;
  max: number;
  log: boolean;
  ticks: { value: number; label: string }[];
}

/** Covers `values` (and zero, unless `fromZero` is false) in about `count` steps. */
export function linearAxis(values: readonly number[], count = 5, fromZero = true): Axis {
  const finite = values.filter(Number.isFinite);
  let low = finite.length === 0 ? 0 : Math.min(...finite);
  let high = finite.length === 0 ? 1 : Math.max(...finite);
  if (fromZero) {
    low = Math.min(0, low);
    high = Math.max(0, high);
  }
  if (high - low <= Math.max(Math.abs(high), Math.abs(low)) * 1e-12) {
    const pad = high === 0 ? 1 : Math.abs(high) * 0.1;
    high += pad;
    if (!fromZero) low -= pad;
  }
  const step = niceStep((high - low) / count);
  const min = Math.floor(low / step + 1e-9) * step;
  const max = Math.ceil(high / step - 1e-9) * step;
  const ticks: Axis['ticks'] = [];
  const plain = Math.max(Math.abs(min), Math.abs(max)) >= 0.01;
  for (let i = Math.round(min / step); i * step <= max + step * 1e-6; i++) {
    ticks.push({ value: i * step, label: tickLabel(i * step, step, plain) });
  }
  return { min, max, log: false, ticks };
}

/** Covers the positive ones of `values`. Zeros have no place on it; the figure marks them at its lower edge. */
export function logAxis(values: readonly number[], count = 5): Axis {
  const positive = values.filter((value) => Number.isFinite(value) && value > 0);
  const low = positive.length === 0 ? 0.1 : Math.min(...positive);
  const high = positive.length === 0 ? 1 : Math.max(...positive);
  const min = logStepBelow(low / 1.06);
  const max = logStepAbove(high * 1.06);
  const decades = Math.log10(max / min);
  const stops = decades <= 2.1 ? [1, 2, 5] : [1];
  const stride = Math.max(1, Math.ceil(decades / (count + 1)));
  const ticks: Axis['ticks'] = [];
  for (let power = Math.floor(Math.log10(min) + 1e-9); power <= Math.ceil(Math.log10(max)); power++) {
    if (stops.length === 1 && power % stride !== 0) continue;
    for (const stop of stops) {
      const value = stop * 10 ** power;
      if (value >= min * (1 - 1e-9) && value <= max * (1 + 1e-9))
        ticks.push({ value, label: tickLabel(value, value, min >= 0.01 || value >= 1) });
    }
  }
  return { min, max, log: true, ticks };
}

/** An axis of fractions, in percent. */
export function percentAxis(axis: Axis): Axis {
  return {
    ...axis,
    ticks: axis.ticks.map(({ value }) => ({ value, label: `${Number((100 * value).toPrecision(4))}%` })),
  };
}

/** 0…1 from the lower to the upper end. */
export function location(axis: Axis, value: number): number {
  if (axis.log) return Math.log(value / axis.min) / Math.log(axis.max / axis.min);
  return (value - axis.min) / (axis.max - axis.min);
}

/** Layers worth a tick: round ones from `min` to `max`, so close that about `count` of them fit into `span`. */
export function roundLayers(min: number, max: number, count: number, span = max - min): number[] {
  const step = [1, 2, 4, 5, 8, 10, 16, 20, 25, 40, 50, 100, 200].find((size) => span / size <= count) ?? 500;
  const ticks: number[] = [];
  for (let tick = Math.ceil(min / step) * step; tick <= max; tick += step) ticks.push(tick === 0 ? 0 : tick);
  return ticks;
}

/**
 * Ticks of the axis from vision to language, `from` and `to` being whole depths: about `count` layers at round numbers,
 * each section counted from 0. The projector has no number; the bracket under the axis names it.
 */
export function layerTicks(
  from: number,
  to: number,
  visionLayers: number,
  count: number,
): { value: number; label: string }[] {
  const span = to - from;
  const language = roundLayers(Math.max(0, from - 1), to - 1, count, span);
  const vision = roundLayers(from + visionLayers, Math.min(to, -1) + visionLayers, count, span);
  // A number close to the first language layer's would run into it.
  const last = (language[0] ?? Infinity) + 1 - (0.7 * span) / count;
  return [
    ...vision
      .map((layer) => ({ value: layer - visionLayers, label: String(layer) }))
      .filter(({ value }) => value <= last),
    ...language.map((layer) => ({ value: layer + 1, label: String(layer) })),
  ];
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const part = rough / power;
  return (part <= 1 ? 1 : part <= 2 ? 2 : part <= 2.5 ? 2.5 : part <= 5 ? 5 : 10) * power;
}

const LOG_STEPS = [1, 2, 5, 10];

function logStepBelow(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return (LOG_STEPS.findLast((step) => step * power <= value * (1 + 1e-9)) ?? 1) * power;
}

function logStepAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return (LOG_STEPS.find((step) => step * power >= value * (1 - 1e-9)) ?? 10) * power;
}

/** As few digits as tell neighbouring ticks apart. `plain`: `0.005`; otherwise `5e-3`. One axis has one style. */
function tickLabel(value: number, step: number, plain: boolean): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  const sign = value < 0 ? '−' : '';
  if (plain && size < 100_000) return sign + size.toFixed(Math.min(8, digitsAfterPoint(step)));
  const power = Math.floor(Math.log10(size) + 1e-9);
  return `${sign}${trimmed(size / 10 ** power)}e${power}`;
}

function digitsAfterPoint(step: number): number {
  for (let digits = 0; digits < 9; digits++) {
    const scaled = step * 10 ** digits;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled) return digits;
  }
  return 9;
}

function trimmed(value: number): string {
  return String(Number(value.toFixed(6)));
}
