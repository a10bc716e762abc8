/** Colours of exported drawings: paper, whatever theme the editor has. No DOM. */
import { createRamp } from '../heatmap/colour.js';
import type { Theme } from '../theme.js';
import { DRAWING_FONT } from './svg.js';

export const PAPER: Theme = {
  kind: 'light',
  background: '#ffffff',
  foreground: '#1f1f1f',
  muted: '#5f5f5f',
  border: '#c8c8c8',
  focus: '#1a5fb4',
  series: ['#1a5fb4', '#b5560a', '#6c3fa8', '#2b7a35'],
  font: DRAWING_FONT,
  ramp: createRamp('light'),
};
