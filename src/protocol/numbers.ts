/** How numbers read for people, everywhere: panel, exports, hovers. No DOM. */

/** Stands where there is no number. */
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

/** A share 0…1 as percent: `22.5%`, `0.31%`, `4.1e-4%`. Only a true 0 or 1 reads as `0%` or `100%`. */
export function formatFraction(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  if (value === 0) return '0%';
  if (value === 1) return '100%';
  const percent = value * 100;
  if (percent > 99.95 && percent < 100) return '> 99.9%';
  if (percent >= 10) return `${percent.toFixed(1)}%`;
  if (percent >= 0.1) return `${percent.toFixed(2)}%`;
  if (percent >= 0.01) return `${percent.toFixed(3)}%`;
  return `${percent.toExponential(1)}%`;
}

/** Whole percents, of a rate over samples: a few dozen carry no more. */
export function formatRate(rate: number): string {
  return `${Math.round(100 * rate)}%`;
}

/** Progress as whole percents; 100% is reached at the end only. */
export function formatProgress(done: number, total = 1): string {
  return `${Math.min(100, Math.floor((100 * done) / total))}%`;
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

/** The same in a table, where an unchanged weight has `=`. */
export function formatFloorRatio(ratio: number | null | undefined): string {
  return ratio === 0 ? '=' : formatTimes(ratio);
}

/** Only a leading sign: exponents keep the hyphen, so that a number can be pasted back into a program. */
export function withMinus(text: string): string {
  return text.startsWith('-') ? `−${text.slice(1)}` : text;
}
