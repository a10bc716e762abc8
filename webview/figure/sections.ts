/** The parts of the model under an axis of layers: a bracket and a name for each. Shared by canvases and drawings. */
import type { Section } from '../../src/protocol/engineApi.js';
import { withAlpha } from '../heatmap/colour.js';
import type { Theme } from '../theme.js';

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

/** What fits under a bracket. The projector is one column: its short name may reach under its neighbours' brackets. */
export function sectionWords({ section, name }: SectionSpan, room: number, widthOf: (text: string) => number): string {
  if (widthOf(name) <= room) return name;
  return section === 'projector' ? 'Proj.' : '';
}

/** How high a row of brackets is. */
export const SECTION_ROW = 18;

/** Brackets at `top`, names beneath; a name that would touch the one before it is left out. */
export function drawSections(
  ctx: CanvasRenderingContext2D,
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
    ctx.beginPath();
    ctx.moveTo(from + 1, top);
    ctx.lineTo(to - 1, top);
    ctx.stroke();
    if (words !== '') ctx.fillText(words, middle, top + 9);
  }
  ctx.restore();
}

/** Brackets in pixels. The projector's name comes first: without it a column would be without any. */
export function layoutSections(
  sections: readonly SectionSpan[],
  x: (depth: number) => number,
  widthOf: (text: string) => number,
): { words: string; middle: number; from: number; to: number }[] {
  const placed = sections.map((span) => {
    const [from, to] = [x(span.from), x(span.to)];
    return { section: span.section, words: sectionWords(span, to - from, widthOf), middle: (from + to) / 2, from, to };
  });
  const projector = placed.find(({ section }) => section === 'projector');
  return placed.map((one) => {
    if (projector === undefined || one === projector || one.words === '') return one;
    const apart = Math.abs(one.middle - projector.middle) - (widthOf(one.words) + widthOf(projector.words)) / 2;
    return apart >= 4 ? one : { ...one, words: '' };
  });
}
