/** The editor's theme for what CSS cannot reach: canvases. Read again whenever VS Code swaps its variables. */
import { createRamp, luminance, parseColour, readable, type Ramp, type RampKind } from './heatmap/colour.js';

export interface Theme {
  kind: RampKind;
  background: string;
  foreground: string;
  muted: string;
  border: string;
  focus: string;
  /** One per update, in order. */
  series: readonly string[];
  font: string;
  ramp: Ramp;
}

export interface ThemeWatcher {
  now(): Theme;
  onChange(listener: () => void): () => void;
}

/**
 * Keeps the custom properties of `root` for the updates' colours in step, so that DOM and canvases show the same ones.
 */
export function watchTheme(root: HTMLElement): ThemeWatcher {
  let current: Theme | null = null;
  const now = (): Theme => {
    if (current !== null) return current;
    current = readTheme();
    current.series.forEach((colour, index) => root.style.setProperty(SERIES[index]!, colour));
    return current;
  };
  const listeners = new Set<() => void>();
  let scheduled = false;
  const changed = () => {
    if (scheduled) return;
    scheduled = true;
    // VS Code sets some hundred variables one after the other.
    requestAnimationFrame(() => {
      scheduled = false;
      current = null;
      now();
      for (const listener of [...listeners]) listener();
    });
  };
  const observer = new MutationObserver(changed);
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'style', 'data-vscode-theme-id'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['class', 'style'] });
  now();
  return {
    now,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Custom properties of panel.css, which resolves them against the theme. */
const SERIES = ['--series-0', '--series-1', '--series-2', '--series-3'] as const;

function readTheme(): Theme {
  const style = getComputedStyle(document.body);
  const read = (...names: string[]) => {
    for (const name of names) {
      const value = style.getPropertyValue(name).trim();
      if (value !== '') return value;
    }
    return '';
  };
  const background = read('--vscode-editor-background') || '#ffffff';
  const dark = luminance(parseColour(background) ?? [255, 255, 255]) < 0.35;
  const classes = document.body.classList;
  const highContrast = classes.contains('vscode-high-contrast') || classes.contains('vscode-high-contrast-light');
  const kind: RampKind = `${highContrast ? 'high-contrast-' : ''}${dark ? 'dark' : 'light'}`;
  const foreground = read('--vscode-editor-foreground', '--vscode-foreground') || (dark ? '#cccccc' : '#1f1f1f');
  return {
    kind,
    background,
    foreground,
    muted: read('--vscode-descriptionForeground') || foreground,
    border:
      read('--vscode-contrastBorder', '--vscode-panel-border', '--vscode-widget-border') ||
      (dark ? '#454545' : '#c8c8c8'),
    focus: read('--vscode-focusBorder') || '#0078d4',
    series: SERIES.map((name) => readable(read(name), background)),
    font: style.fontFamily || 'sans-serif',
    ramp: createRamp(kind),
  };
}

export function seriesColourOf(theme: Theme, delta: number): string {
  return theme.series[delta % theme.series.length]!;
}
