/** Published numbers, side by side with those of the runs. */
import path from 'node:path';
import * as v from 'valibot';
import { parse } from 'yaml';
import { readText } from '../engine/checkpoint/text.js';
import { shown } from '../engine/checkpoint/failure.js';
import { FrankensteinError } from '../engine/errors.js';
import { type Cell, found, type Section } from './document.js';
import { MEASURE_NAMES } from './names.js';
import { type Quantity, say, type Sentence } from './quantity.js';
import { derived, estimate, nameOf, number, type Stored } from './source.js';

/** Bytes. */
const LIMIT = 4 * 1024 * 1024;
const MEASURES = ['vis', 'v2r', 'rea', 'accuracy'] as const;
type Measure = (typeof MEASURES)[number];

const perCent = v.pipe(v.number(), v.minValue(0), v.maxValue(100));
const entry = v.object({
  checkpoint: v.string(),
  measure: v.pipe(
    v.string(),
    v.transform((text) => text.toLowerCase().replace(/^m_/, '')),
    v.picklist(MEASURES),
  ),
  /** Per cent. */
  value: perCent,
  /** Questions behind it. */
  n: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
});
const file = v.object({ source: v.optional(v.string()), numbers: v.pipe(v.array(entry), v.minLength(1)) });

export interface Paper {
  /** Where the numbers are from, in words. */
  source: string;
  numbers: { checkpoint: string; measure: Measure; value: number; n?: number | undefined }[];
}

/** @throws `bad-request` with what such a file holds, and what reading throws */
export async function readPaper(location: string, signal?: AbortSignal): Promise<Paper> {
  const text = await readText(location, LIMIT, signal);
  const name = path.basename(location);
  const found = v.safeParse(file, /\.csv$/i.test(location) ? { numbers: fromCsv(text) } : fromYaml(text));
  if (found.success) return { source: found.output.source ?? name, numbers: found.output.numbers };
  const { path: at, message } = found.issues[0];
  const place = (at ?? []).map(({ key }) => String(key)).join('.');
  throw new FrankensteinError(
    'bad-request',
    `${shown(location)} cannot be read as published numbers${place === '' ? '' : ` (${place})`}: ${message}. It holds ` +
      'checkpoint, measure (vis, v2r, rea or accuracy), value in per cent, and n where it is known: columns of a CSV ' +
      'file, or a list called numbers in a YAML file.',
  );
}

function fromYaml(text: string): unknown {
  try {
    const found: unknown = parse(text, { maxAliasCount: 0 });
    return Array.isArray(found) ? { numbers: found } : found;
  } catch {
    return undefined;
  }
}

function fromCsv(text: string): unknown[] {
  const [head = [], ...rows] = csvRows(text);
  const names = head.map((name) => name.trim().toLowerCase());
  return rows
    .filter((row) => row.some((cell) => cell.trim() !== ''))
    .map((row) =>
      Object.fromEntries(
        names.flatMap((name, index) => {
          const cell = (row[index] ?? '').trim();
          if (cell === '') return [];
          return [[name, name === 'value' || name === 'n' ? Number(cell) : cell]];
        }),
      ),
    );
}

/** RFC 4180. */
function csvRows(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, cell = '', plain = '', end] of text
    .replace(/^\uFEFF/, '')
    .matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1)!.push(cell === '' ? plain : cell.replaceAll('""', '"'));
    if (end === '') break;
    if (end !== ',') rows.push([]);
  }
  return rows;
}

/** A number of ours that has the name of a published one. */
interface Own {
  source: Stored;
  at: string;
  label: string;
  n: Quantity;
}

function ownNumbers(sources: readonly Stored[], checkpoint: string, measure: Measure): Own[] {
  const wanted = checkpoint.trim().toLowerCase();
  return sources.flatMap((source): Own[] => {
    if (source.behind) return [];
    if (source.kind === 'freeze') {
      const { labels, scores } = (source as Stored<'freeze'>).result;
      return scores.flatMap((score, index) =>
        score.measure === measure && labels[score.checkpoint]!.toLowerCase() === wanted
          ? [own(source, `/scores/${index}`, labels[score.checkpoint]!)]
          : [],
      );
    }
    if (!['evaluate', 'transfer', 'sweep'].includes(source.kind)) return [];
    const { checkpoints, scores } = (source as Stored<'evaluate'>).result;
    return scores.flatMap((score, index) => {
      const { label, role } = checkpoints[score.checkpoint]!;
      const fits = label.toLowerCase() === wanted || (role !== 'hybrid' && role?.toLowerCase() === wanted);
      return score.ability === measure && fits ? [own(source, `/scores/${index}`, label)] : [];
    });
  });
}

const own = (source: Stored, at: string, label: string): Own => ({
  source,
  at,
  label,
  n: number(source, `${at}/n`, 'count'),
});

/** Our numbers beside published ones. Null where none has a counterpart; what has none is named either way. */
export function paperSection(
  paper: Paper,
  sources: readonly Stored[],
): { section: Section | null; limits: Sentence[] } {
  const pairs = paper.numbers.map((published) => ({
    published,
    ours: ownNumbers(sources, published.checkpoint, published.measure),
  }));
  const unmatched = pairs.filter(({ ours }) => ours.length === 0).map(({ published }) => published);
  const matched = pairs.flatMap(({ published, ours }) => ours.map((one) => ({ published, one })));
  const outside = matched.filter(({ published, one }) => !holds(one, published.value / 100)).length;
  const [first] = matched;
  const limits =
    unmatched.length === 0
      ? []
      : [
          say`${paper.source} has numbers that no run here measures: ${unmatched.map(({ checkpoint, measure }) => `${checkpoint} (${MEASURE_NAMES[measure].toLowerCase()})`).join(', ')}.`,
        ];
  if (first === undefined) return { section: null, limits };
  const counted = (value: number, formula: string) => derived(first.one.source, first.one.at, 'count', formula, value);
  const section: Section = {
    id: 'paper',
    title: `Beside published numbers: ${paper.source}`,
    findings: [
      found(
        say`Of ${counted(matched.length, 'paper-matched')} numbers with a counterpart in ${paper.source}, ${counted(outside, 'paper-outside')} published values lie outside our 95 % interval. The published numbers have a sampling error of their own, which is not in that interval.`,
      ),
    ],
    figures: [],
    tables: [
      {
        id: 'paper',
        caption: `Our numbers beside those of ${paper.source}, in per cent; differences in points with our 95 % interval`,
        columns: [
          { title: 'Checkpoint' },
          { title: 'Ability' },
          { title: 'Run' },
          { title: 'Ours, %', numeric: true },
          { title: 'n', numeric: true },
          { title: 'Paper, %', numeric: true },
          { title: 'Paper, n', numeric: true },
          { title: 'Ours − paper', numeric: true },
        ],
        rows: matched.map(({ published, one }): Cell[] => [
          one.label,
          MEASURE_NAMES[published.measure],
          nameOf(one.source),
          estimate(one.source, one.at, 'percent'),
          one.n,
          published.value.toString(),
          published.n?.toString() ?? '',
          difference(one, published.value / 100),
        ]),
      },
    ],
    limits: [],
  };
  return { section, limits };
}

function fractionsOf({ source, at }: Own): { value: number; low: number; high: number } {
  const { value, low, high } = estimate(source, at, 'percent');
  return { value: value.value ?? NaN, low: low.value ?? NaN, high: high.value ?? NaN };
}

function holds(one: Own, published: number): boolean {
  const { low, high } = fractionsOf(one);
  return low <= published && published <= high;
}

function difference(one: Own, published: number): Cell {
  const { value, low, high } = fractionsOf(one);
  const of = (name: string, fraction: number) =>
    derived(one.source, `${one.at}/${name}`, 'points', `minus-${published}`, fraction - published);
  return { kind: 'estimate', value: of('value', value), low: of('low', low), high: of('high', high) };
}
