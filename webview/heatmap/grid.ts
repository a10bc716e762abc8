/**
 * Heat maps as data: what is drawn on screen and in exports. A comparison's has tensor kinds by layer; a cell may hold
 * several tensors (experts), which count as one. No DOM.
 */
import type { Component, Section, TensorResult } from '../../src/protocol/engineApi.js';
import { floorRatio } from '../../src/protocol/floor.js';
import { layerTicks } from '../figure/axis.js';
import { spansOfColumns, type SectionSpan } from '../figure/sections.js';
import { describeDepth, isWeight, type Model } from '../state/model.js';
import { floorLevel, measure, valueOf, type FloorLevel, type MeasureChoice } from '../state/measure.js';

/** A cell as it is drawn. */
export interface HeatMark {
  /** Null: not compared. Exactly 0: unchanged. */
  value: number | null;
  level: FloorLevel;
}

export interface HeatRow<M extends HeatMark = HeatMark> {
  /** Stable name. */
  kind: string;
  /** As short as the other rows allow: `q_proj`. */
  label: string;
  /** Rows of another group stand a little apart. */
  group: HeatGroup;
  cells: (M | null)[];
}

export interface HeatCell extends HeatMark {
  tensors: TensorResult[];
  ratio: number | null;
}

/** Rows are kinds: names with the layer's number taken out, such as `self_attn.q_proj.weight`. */
export type TensorGrid = HeatGrid<HeatCell>;

export type HeatGroup = 'projector' | Component;

export interface HeatGrid<M extends HeatMark = HeatMark> {
  depths: number[];
  rows: HeatRow<M>[];
  /** Range of the drawn values; null without any. `zero` when some are exactly 0 and so stay outside of it. */
  range: { min: number; max: number; zero: boolean } | null;
  /** How many of the drawn values stand under 2× the rounding floor. When all do, marking each says nothing. */
  noisy: 'none' | 'some' | 'all';
  /** Columns where another section begins. */
  breaks: number[];
  /** Columns where a region begins. */
  cuts?: number[] | undefined;
  /** The model's parts, in columns. */
  sections: SectionSpan[];
  /** Columns that are labelled where about `count` labels fit; each section counts from 0. */
  ticks(count: number): { column: number; label: string }[];
}

const GROUP_ORDER: readonly HeatGroup[] = ['attention', 'mlp', 'projector', 'embedding', 'other', 'norm'];

// The order in which a block uses its weights; others follow in order of appearance.
const KIND_ORDER = [
  'qkv',
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'out_proj',
  'proj',
  'gate',
  'gate_proj',
  'up_proj',
  'down_proj',
  'fc1',
  'fc2',
];

export function buildGrid(model: Model, choice: MeasureChoice, delta: number, minor: boolean): TensorGrid {
  const depths = model.result.layers.map((layer) => layer.depth);
  const columns = new Map(depths.map((depth, column) => [depth, column]));
  const rows = new Map<string, { group: HeatGroup; tensors: (TensorResult[] | undefined)[] }>();
  for (const tensor of model.result.tensors) {
    const column = tensor.depth === null ? undefined : columns.get(tensor.depth);
    if (column === undefined || (!minor && !isWeight(tensor))) continue;
    const kind = kindOf(tensor);
    let row = rows.get(kind);
    if (row === undefined) {
      row = { group: tensor.section === 'projector' ? 'projector' : tensor.component, tensors: [] };
      rows.set(kind, row);
    }
    (row.tensors[column] ??= []).push(tensor);
  }

  const labels = shortKinds([...rows.keys()]);
  let min = Infinity;
  let max = -Infinity;
  let zero = false;
  const filled = [...rows].map(([kind, row]): HeatRow<HeatCell> => ({
    kind,
    label: labels.get(kind) ?? kind,
    group: row.group,
    cells: depths.map((_, column) => {
      const tensors = row.tensors[column];
      if (tensors === undefined) return null;
      const measured = measure(tensors, delta);
      const value = measured === null ? null : valueOf(choice, measured);
      if (value === 0) zero = true;
      else if (value !== null) {
        min = Math.min(min, value);
        max = Math.max(max, value);
      }
      return {
        tensors,
        value,
        ratio: floorRatio(measured),
        level: measured === null ? 'unknown' : floorLevel(measured),
      };
    }),
  }));
  const rank = (row: HeatRow<HeatCell>): number => {
    const own = KIND_ORDER.findIndex((name) => row.kind.replace(/\.(weight|bias)$/, '').endsWith(name));
    return GROUP_ORDER.indexOf(row.group) * 100 + (own === -1 ? 99 : own);
  };
  filled.sort((a, b) => rank(a) - rank(b));
  const levels = filled.flatMap((row) =>
    row.cells.flatMap((cell) => (cell === null || cell.value === null || cell.value === 0 ? [] : [cell.level])),
  );
  const noisy = levels.filter((level) => level === 'below' || level === 'near').length;
  return {
    depths,
    rows: filled,
    noisy: noisy === 0 ? 'none' : noisy === levels.length ? 'all' : 'some',
    range: max === -Infinity ? (zero ? { min: 0, max: 0, zero } : null) : { min, max, zero },
    ...columnsOf(depths, model.visionLayers),
  };
}

/** What is drawn under and between the columns of ascending depths. */
export function columnsOf(
  depths: readonly number[],
  visionLayers: number,
): Pick<HeatGrid, 'breaks' | 'sections' | 'ticks'> {
  const sections = spansOfColumns(depths);
  return {
    sections,
    breaks: sections.slice(1).map(({ from }) => from),
    ticks: (count) =>
      layerTicks(depths[0] ?? 0, depths.at(-1) ?? 0, visionLayers, count).flatMap(({ value, label }) => {
        const column = depths.indexOf(value);
        return column === -1 ? [] : [{ column, label }];
      }),
  };
}

/** Colours follow the logarithm where values span more than a decade, or where the user asked for a log scale. */
export function fractionOf(range: NonNullable<HeatGrid['range']>, value: number, log: boolean): number {
  if (range.max <= range.min) return 1;
  if (log && range.min > 0) return Math.log(value / range.min) / Math.log(range.max / range.min);
  return (value - Math.min(range.min, range.max)) / (range.max - range.min);
}

/** The tensor's name inside its layer; experts fall together. */
export function kindOf(tensor: { name: string; section: Section; layer: number | null }): string {
  const parts = tensor.name.split('.');
  const at = tensor.layer === null ? -1 : parts.indexOf(String(tensor.layer));
  const inside =
    at === -1
      ? parts.filter((part) => !/^(model|visual|vision_tower|language_model)$/.test(part))
      : parts.slice(at + 1);
  return inside
    .map((part, index) => (/^\d+$/.test(part) && /experts?$/.test(inside[index - 1] ?? '') ? '*' : part))
    .join('.');
}

/** Drops `.weight`, then leading words while the rest stays unique and is more than a number. */
export function shortKinds(kinds: readonly string[]): Map<string, string> {
  const bare = kinds.map((kind) => kind.replace(/\.weight$/, ''));
  const cut = (name: string, words: number) => name.split('.').slice(-words).join('.');
  return new Map(
    kinds.map((kind, index) => {
      const own = bare[index] ?? kind;
      const total = own.split('.').length;
      let words = Math.min(total, own.endsWith('.bias') ? 2 : 1);
      const clumsy = (name: string) => /^(\d+|\*|weight|bias)(\.|$)/.test(name);
      while (
        words < total &&
        (clumsy(cut(own, words)) || bare.some((other, at) => at !== index && cut(other, words) === cut(own, words)))
      ) {
        words++;
      }
      return [kind, cut(own, words)];
    }),
  );
}

/** One cell as a sentence, for the live region. */
export function cellPosition(model: Model, grid: HeatGrid, row: number, column: number): string {
  return `${grid.rows[row]?.label ?? ''}, ${describeDepth(model, grid.depths[column] ?? 0)}`;
}
