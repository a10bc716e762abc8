/** The parts of the model under an axis of layers: a bracket and a name for each. Shared by canvases and drawings. */
import type { Section } from '../../src/protocol/engineApi.js';
import { withAlpha } from '../heatmap/colour.js';
import type { Theme } from '../theme.js';
import { strokeLine, type Pen } from './pen.js';

export interface SectionSpan {
  section: Section;
  name: string;
  from: number;
  to: number;
}

export const SECTION_NAMES: Record<Section, string> = {
  vision: 'Vision',
  projector: 'Projector',
  language: 'Language',
  other: 'Other',
};

/** Sections of ascending depths, half a step beyond their ends. */
export function spansOfDepths(depths: readonly number[]): SectionSpan[] {
  return spansOf(depths, (depth) => depth).map((span) => ({ ...span, from: span.from - 0.5, to: span.to + 0.5 }));
}

/** Sections of a heat map's columns, from the first one's left edge to the last one's right. */
export function spansOfColumns(depths: readonly number[]): SectionSpan[] {
  return spansOf(depths, (_, column) => column).map((span) => ({ ...span, to: span.to + 1 }));
}

function spansOf(depths: readonly number[], at: (depth: number, index: number) => number): SectionSpan[] {
  return (['vision', 'projector', 'language'] as const).flatMap((section, index) => {
    const own = depths.flatMap((depth, column) => (Math.sign(depth) === index - 1 ? [at(depth, column)] : []));
    return own.length === 0 ? [] : [{ section, name: SECTION_NAMES[section], from: own[0]!, to: own.at(-1)! }];
  });
}

/** How high a row of brackets is. */
export const SECTION_ROW = 18;

/** Brackets at `top`, names beneath. */
export function drawSections(
  ctx: Pen,
  theme: Theme,
  sections: readonly SectionSpan[],
  x: (depth: number) => number,
  top: number,
): void {
  ctx.save();
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  ctx.lineWidth = 1;
  ctx.strokeStyle = withAlpha(theme.muted, 0.6);
  ctx.fillStyle = theme.muted;
  for (const { words, middle, from, to } of layoutSections(sections, x, (text) => ctx.measureText(text).width)) {
    strokeLine(ctx, from + 1, top, to - 1, top);
    ctx.fillText(words, middle, top + 9);
  }
  ctx.restore();
}

const SHORT: Record<Section, string> = { vision: 'Vis.', projector: 'Proj.', language: 'Lang.', other: 'Other' };
/** Between two names. */
const APART = 5;

/** Brackets in pixels. The projector is one column wide: its neighbours' names move away from its own. */
export function layoutSections(
  sections: readonly SectionSpan[],
  x: (position: number) => number,
  widthOf: (text: string) => number,
): { words: string; middle: number; from: number; to: number }[] {
  const placed = sections.map(({ section, name, ...span }) => {
    const [from, to] = [x(span.from), x(span.to)];
    const words = widthOf(name) <= to - from ? name : SHORT[section];
    return { section, words, middle: (from + to) / 2, from, to };
  });
  const projector = placed.find(({ section }) => section === 'projector');
  return placed.map(({ section, ...one }) => {
    if (projector === undefined || section === 'projector') return one;
    const least = (widthOf(one.words) + widthOf(projector.words)) / 2 + APART;
    const middle =
      section === 'vision'
        ? Math.min(one.middle, projector.middle - least)
        : Math.max(one.middle, projector.middle + least);
    return { ...one, middle };
  });
}
