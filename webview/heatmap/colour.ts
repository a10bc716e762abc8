/** Colours as numbers: parsing what CSS variables hold, mixing, and the heat map's ramps. No DOM. */

export type Rgb = readonly [number, number, number];

/** `#rgb`, `#rrggbb`, `#rrggbbaa`, `rgb()`, `rgba()`; null for anything else. Alpha is dropped. */
export function parseColour(text: string): Rgb | null {
  const trimmed = text.trim();
  const hex = /^#([0-9a-f]{3,8})$/i.exec(trimmed)?.[1];
  if (hex !== undefined) {
    const full = hex.length <= 4 ? [...hex].map((digit) => digit + digit).join('') : hex;
    if (full.length !== 6 && full.length !== 8) return null;
    return [0, 2, 4].map((at) => parseInt(full.slice(at, at + 2), 16)) as unknown as Rgb;
  }
  const parts = /^rgba?\(\s*([\d.]+)[,\s]+([\d.]+)[,\s]+([\d.]+)/i.exec(trimmed);
  return parts === null ? null : [Number(parts[1]), Number(parts[2]), Number(parts[3])];
}

export function toHex([red, green, blue]: Rgb): string {
  return `#${[red, green, blue]
    .map((part) =>
      Math.round(Math.max(0, Math.min(255, part)))
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}

export function withAlpha(colour: string, alpha: number): string {
  const rgb = parseColour(colour);
  return rgb === null ? colour : `rgba(${rgb.map(Math.round).join(', ')}, ${alpha})`;
}

/** Relative luminance, 0…1 (WCAG). */
export function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map(toLinear) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Contrast ratio of two colours, 1…21 (WCAG). */
export function contrast(a: Rgb, b: Rgb): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** Lines need 3:1 (WCAG 1.4.11); the rest is for the shaded regions they cross. */
const LINE_CONTRAST = 3.3;

/** `colour`, as much darker or lighter as a line on `background` needs: themes make no promise about chart colours. */
export function readable(colour: string, background: string): string {
  const [own, behind] = [parseColour(colour), parseColour(background)];
  if (own === null || behind === null) return colour;
  const towards = luminance(behind) > 0.18 ? 0 : 255;
  for (let step = 0; step <= 20; step++) {
    const mixed = own.map((part) => part + ((towards - part) * step) / 20) as unknown as Rgb;
    if (contrast(mixed, behind) >= LINE_CONTRAST) return step === 0 ? colour : toHex(mixed);
  }
  return towards === 0 ? '#000000' : '#ffffff';
}

/** A ramp whose lightness rises (dark themes) or falls (light ones) evenly, so that order can be seen without hue. */
export interface Ramp {
  /** 0…1 → colour. */
  at(fraction: number): string;
}

// Stops in sRGB, near the background first: dim values recede and large ones stand out in either theme.
const STOPS: Record<RampKind, Rgb[]> = {
  dark: [
    [38, 44, 66],
    [44, 84, 132],
    [38, 139, 148],
    [106, 190, 118],
    [249, 227, 100],
  ],
  light: [
    [240, 244, 228],
    [183, 222, 201],
    [88, 176, 190],
    [45, 109, 166],
    [37, 37, 99],
  ],
  'high-contrast-dark': [
    [20, 20, 40],
    [40, 60, 190],
    [0, 150, 190],
    [120, 220, 110],
    [255, 255, 150],
  ],
  'high-contrast-light': [
    [236, 240, 224],
    [160, 210, 190],
    [50, 140, 170],
    [20, 70, 140],
    [10, 10, 60],
  ],
};

export type RampKind = 'dark' | 'light' | 'high-contrast-dark' | 'high-contrast-light';

const STEPS = 256;

export function createRamp(kind: RampKind): Ramp {
  const stops = STOPS[kind].map(toOklab);
  const from = stops[0]?.[0] ?? 0;
  const to = stops.at(-1)?.[0] ?? 1;
  const colours = Array.from({ length: STEPS }, (_, step) => {
    // Walk by lightness, not by stop: equal steps of value become equal steps of lightness.
    const lightness = from + ((to - from) * step) / (STEPS - 1);
    let index = 0;
    while (index < stops.length - 2 && (stops[index + 1]![0] - lightness) * Math.sign(to - from) < 0) index++;
    const low = stops[index]!;
    const high = stops[index + 1]!;
    const fraction = high[0] === low[0] ? 0 : (lightness - low[0]) / (high[0] - low[0]);
    return toHex(
      fromOklab([lightness, low[1] + (high[1] - low[1]) * fraction, low[2] + (high[2] - low[2]) * fraction]),
    );
  });
  return { at: (fraction) => colours[Math.round(Math.max(0, Math.min(1, fraction)) * (STEPS - 1))] ?? '#000000' };
}

function toLinear(part: number): number {
  const fraction = part / 255;
  return fraction <= 0.04045 ? fraction / 12.92 : ((fraction + 0.055) / 1.055) ** 2.4;
}

function fromLinear(fraction: number): number {
  return 255 * (fraction <= 0.0031308 ? fraction * 12.92 : 1.055 * fraction ** (1 / 2.4) - 0.055);
}

// Björn Ottosson's OKLab matrices.
function toOklab(colour: Rgb): Rgb {
  const [r, g, b] = colour.map(toLinear) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromOklab([lightness, a, b]: Rgb): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    fromLinear(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    fromLinear(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    fromLinear(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}
