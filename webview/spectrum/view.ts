/**
 * The user's choices in the Spectrum tab: what survives a reload. Every field is checked and falls back alone. No DOM.
 */
import type { Component } from '../../src/protocol/engineApi.js';

export const RANK_METRICS = [
  'stableRank',
  'effectiveRank',
  'relativeRank',
  'topEnergy',
  'spectral',
  'nuclear',
  'logVolume',
] as const;
export type RankMetric = (typeof RANK_METRICS)[number];

export const WEIGHT_PARTS = ['all', 'attention', 'mlp', 'embedding', 'other'] as const satisfies readonly (
  Component | 'all'
)[];
export type WeightPart = (typeof WEIGHT_PARTS)[number];

export const PART_TEXT: Record<WeightPart, string> = {
  all: 'All',
  attention: 'Attention',
  mlp: 'MLP',
  embedding: 'Embeddings',
  other: 'Other',
};

export interface SpectrumView {
  /** Which tab of the panel is in front. */
  tab: 'comparison' | 'spectrum';
  metric: RankMetric;
  /** First how many directions `topEnergy` counts; one of the keys that the result has. */
  top: string;
  scale: 'linear' | 'log';
  part: WeightPart;
  /** Updates taken out of the figures over depth. */
  hidden: readonly number[];
  depth: number | null;
  /** The matrix that is looked at closely (`keyOf`), and which update of it. */
  matrix: string | null;
  update: number;
  query: string;
  sortColumn: string | null;
  descending: boolean;
}

export const DEFAULT_SPECTRUM_VIEW: SpectrumView = {
  tab: 'comparison',
  metric: 'stableRank',
  top: '4',
  scale: 'linear',
  part: 'all',
  hidden: [],
  depth: null,
  matrix: null,
  update: 0,
  query: '',
  sortColumn: null,
  descending: true,
};

export function parseSpectrumView(memory: unknown): SpectrumView {
  const from = typeof memory === 'object' && memory !== null ? (memory as Record<string, unknown>) : {};
  const usual = DEFAULT_SPECTRUM_VIEW;
  const one = <T>(key: keyof SpectrumView, allowed: readonly T[], fallback: T): T =>
    allowed.find((value) => value === from[key]) ?? fallback;
  const text = (key: keyof SpectrumView): string | null => (typeof from[key] === 'string' ? from[key] : null);
  const { depth, hidden, update, top, descending } = from;
  return {
    tab: one('tab', ['comparison', 'spectrum'], usual.tab),
    metric: one('metric', RANK_METRICS, usual.metric),
    top: typeof top === 'string' && /^\d{1,3}$/.test(top) ? top : usual.top,
    scale: one('scale', ['linear', 'log'], usual.scale),
    part: one('part', WEIGHT_PARTS, usual.part),
    hidden: Array.isArray(hidden) ? hidden.filter((value): value is number => Number.isInteger(value)) : [],
    depth: typeof depth === 'number' && Number.isInteger(depth) ? depth : null,
    matrix: text('matrix'),
    update: typeof update === 'number' && Number.isInteger(update) && update >= 0 ? update : 0,
    query: text('query') ?? '',
    sortColumn: text('sortColumn'),
    descending: typeof descending === 'boolean' ? descending : usual.descending,
  };
}
