import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'vitest';
import { PALETTES, type ThemeKind } from '../../src/inline/chart.js';
import { PAPER } from '../exporters/palette.js';
import { contrast, parseColour, readable, type Rgb } from './colour.js';
// @ts-expect-error -- plain JavaScript, shared with the playground's build
import { themes as untyped } from '../playground/themes.mjs';

const themes = untyped as Record<string, { variables: Record<string, string> }>;
const css = readFileSync(path.join(process.env['FRANKENSTEIN_ROOT'] ?? '.', 'webview/panel.css'), 'utf8');
const KINDS: Record<string, ThemeKind> = {
  dark: 'dark',
  light: 'light',
  contrast: 'high-contrast-dark',
  'contrast-light': 'high-contrast-light',
};

/** `--series-1` as panel.css resolves it in a theme, which may not define the chart colour. */
function series(variables: Record<string, string>): string[] {
  return [0, 1, 2, 3].map((index) => {
    const [, name, fallback] = new RegExp(`--series-${index}: var\\((--[\\w-]+), (#\\w+)\\)`).exec(css)!;
    return variables[name!] ?? fallback!;
  });
}

function rgb(text: string): Rgb {
  return parseColour(text)!;
}

/** A translucent colour as it is seen on `behind`. */
function over(text: string, behind: string): Rgb {
  const alpha = Number(/^rgba\(.*,\s*([\d.]+)\)$/.exec(text)?.[1] ?? 1);
  const back = rgb(behind);
  return rgb(text).map((part, at) => alpha * part + (1 - alpha) * back[at]!) as unknown as Rgb;
}

for (const [name, { variables }] of Object.entries(themes)) {
  const background = variables['--vscode-editor-background']!;
  const shaded = over(`rgba(${rgb(variables['--vscode-editor-foreground']!).join(', ')}, 0.055)`, background);

  describe(`colours in the ${name} theme`, () => {
    it('lines stand out from the background and from shaded regions', () => {
      for (const colour of series(variables).map((own) => readable(own, background))) {
        assert.ok(contrast(rgb(colour), rgb(background)) >= 3, colour);
        assert.ok(contrast(rgb(colour), shaded) >= 3, `${colour} on a shaded region`);
      }
    });

    it('the text of axes and legends can be read', () => {
      for (const variable of ['--vscode-editor-foreground', '--vscode-foreground', '--vscode-descriptionForeground']) {
        const seen = over(variables[variable]!, background);
        assert.ok(contrast(seen, rgb(background)) >= 4.5, variable);
        assert.ok(contrast(seen, shaded) >= 4.5, `${variable} on a shaded region`);
      }
    });

    it('hovers draw updates in the panel’s colours, with readable text', () => {
      const palette = PALETTES[KINDS[name]!];
      assert.deepEqual(
        [...palette.series],
        series(variables).map((own) => readable(own, background)),
      );
      for (const text of [palette.text, palette.faint]) assert.ok(contrast(rgb(text), rgb(background)) >= 4.5, text);
    });
  });
}

describe('colours on paper', () => {
  it('lines and text of exported drawings can be read', () => {
    for (const colour of PAPER.series) assert.ok(contrast(rgb(colour), rgb(PAPER.background)) >= 3, colour);
    for (const colour of [PAPER.foreground, PAPER.muted])
      assert.ok(contrast(rgb(colour), rgb(PAPER.background)) >= 4.5, colour);
  });
});

describe('readable', () => {
  it('leaves a colour that can be seen as it is, and darkens or lightens one that cannot', () => {
    assert.equal(readable('#0063d3', '#ffffff'), '#0063d3');
    assert.notEqual(readable('#d18616', '#ffffff'), '#d18616');
    assert.notEqual(readable('#202020', '#000000'), '#202020');
    assert.equal(readable('not a colour', '#ffffff'), 'not a colour');
  });
});
