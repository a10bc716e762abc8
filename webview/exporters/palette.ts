/** Colours of exported drawings: paper, whatever theme the editor has. No DOM. */
import type { Theme } from '../theme.js';

export interface Palette {
  background: string;
  foreground: string;
  muted: string;
  grid: string;
  shade: string;
  series: readonly string[];
}

export const PAPER: Palette = {
  background: '#ffffff',
  foreground: '#1f1f1f',
  muted: '#5f5f5f',
  grid: '#e4e4e4',
  shade: '#f3f4f6',
  series: ['#1a5fb4', '#b5560a', '#6c3fa8', '#2b7a35'],
};

export function seriesColour(palette: Palette, delta: number): string {
  return palette.series[delta % palette.series.length]!;
}

/** Colours of the editor, for a drawing that becomes pixels. */
export function paletteOf(theme: Theme): Palette {
  return {
    background: theme.background,
    foreground: theme.foreground,
    muted: theme.muted,
    grid: theme.border,
    shade: theme.kind.endsWith('dark') ? '#80808022' : '#80808018',
    series: theme.series,
  };
}
