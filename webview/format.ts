/** How numbers read everywhere in the panel and in what it exports as text. No DOM. */

/** Stands where there is no number; the element that shows it says why in its title. */
export const NONE = '–';

/** `0`, `12.3`, `0.0123`, `1.23e-4`, `4.57e+6`: three significant digits. */
export function formatNumber(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 0.01 || size >= 99_995) return withMinus(value.toExponential(2));
  if (size >= 999.5) return withMinus(value.toFixed(0));
  return withMinus(value.toPrecision(3));
}

/** A share 0…1 as percent: `22.5 %`, `0.31 %`, `4.1e-4 %`. Only a true 0 or 1 reads as `0 %` or `100 %`. */
export function formatShare(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  if (value === 0) return '0 %';
  if (value === 1) return '100 %';
  const percent = value * 100;
  if (percent > 99.95 && percent < 100) return '> 99.9 %';
  if (percent >= 10) return `${percent.toFixed(1)} %`;
  if (percent >= 0.1) return `${percent.toFixed(2)} %`;
  if (percent >= 0.01) return `${percent.toFixed(3)} %`;
  return `${percent.toExponential(1)} %`;
}

/** A cosine with the digits that tell it from 1: `0.913`, `0.999971`, `1 − 2.9e-9`. */
export function formatCosine(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  if (value === 1) return '1';
  const distance = 1 - value;
  if (distance <= 0 || distance > 0.01) return withMinus(value.toFixed(3));
  if (distance < 1e-5) return `1 − ${distance.toExponential(1)}`;
  return value.toFixed(Math.ceil(-Math.log10(distance)) + 1);
}

/** Multiple of the rounding floor: `0.42×`, `12×`. */
export function formatTimes(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  if (value === 0) return '0×';
  if (value >= 9999.5) return `${value.toExponential(1)}×`;
  if (value >= 99.5) return `${value.toFixed(0)}×`;
  if (value >= 9.95) return `${value.toFixed(1)}×`;
  if (value >= 0.01) return `${value.toFixed(2)}×`;
  return `${value.toExponential(1)}×`;
}

/** `729`, `8.29 M`, `7.07 B`. */
export function formatCount(value: number): string {
  if (value < 10_000) return String(value);
  for (const [unit, size] of [
    ['T', 1e12],
    ['B', 1e9],
    ['M', 1e6],
    ['K', 1e3],
  ] as const) {
    // 999,999 is 1.00 M, not 1000 K.
    if (value >= size * 0.9995) return `${(value / size).toPrecision(3)} ${unit}`;
  }
  return String(value);
}

/** Decimal bytes, as file managers and model hubs show them. */
export function formatBytes(value: number): string {
  for (const [unit, size] of [
    ['TB', 1e12],
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const) {
    if (value >= size) {
      const scaled = value / size;
      return `${scaled >= 100 ? scaled.toFixed(0) : scaled.toFixed(1)} ${unit}`;
    }
  }
  return `${value} B`;
}

/** Coarse on purpose: `40 s`, `3 min`, `1 h 20 min`. */
export function formatDuration(seconds: number): string {
  if (seconds < 1.5) return '1 s';
  if (seconds < 10) return `${Math.round(seconds)} s`;
  if (seconds < 57) return `${Math.ceil(seconds / 5) * 5} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${Math.max(1, minutes)} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `about 3 min left`. */
export function formatRemaining(seconds: number | null): string {
  return seconds === null || !Number.isFinite(seconds) ? '' : `about ${formatDuration(seconds)} left`;
}

/** `7 × 18944`. */
export function formatShape(shape: readonly number[]): string {
  return shape.length === 0 ? 'scalar' : shape.join(' × ');
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Only a leading sign: exponents keep the hyphen, so that a number can be pasted back into a program. */
function withMinus(text: string): string {
  return text.startsWith('-') ? `−${text.slice(1)}` : text;
}
