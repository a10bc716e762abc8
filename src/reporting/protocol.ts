/** How things were measured: settings, and the runs that have each. */
import { type Protocol, protocolLines } from '../engine/analyses/declare/protocolText.js';
import type { Cell, Table } from './document.js';
import { KIND_NAMES } from './names.js';
import { say, type Sentence, written } from './quantity.js';
import { type Kind, nameOf, number, type Stored } from './source.js';

interface Setting {
  name: string;
  value: Exclude<Cell, null>;
}

const plain = (value: Setting['value']): string =>
  typeof value === 'string' ? value : written(value.kind === 'quantity' ? value : value.value);

/** One row per setting and value. */
export function protocolTables(sources: readonly Stored[]): Table[] {
  const rows = new Map<string, { setting: Setting; runs: string[] }>();
  for (const source of sources)
    for (const setting of settingsOf(source)) {
      const key = `${KIND_NAMES[source.kind]}\n${setting.name}\n${plain(setting.value)}`;
      const known = rows.get(key);
      if (known === undefined) rows.set(key, { setting, runs: [nameOf(source)] });
      else if (!known.runs.includes(nameOf(source))) known.runs.push(nameOf(source));
    }
  const analyses = [...rows].map(([key, row]) => ({ analysis: key.split('\n')[0]!, ...row }));
  return analyses.length === 0
    ? []
    : [
        {
          id: 'protocol',
          caption: 'How things were measured: each setting, and the runs that have it',
          columns: [{ title: 'Analysis' }, { title: 'Setting' }, { title: 'Value' }, { title: 'Runs' }],
          rows: analyses.map(({ analysis, setting, runs }) => [analysis, setting.name, setting.value, runs.join(', ')]),
        },
      ];
}

/** What results say of how they came about; as records, since each kind has some of it. */
interface Measured {
  checkpoints?: { label: string }[];
  protocol?: Protocol;
  data?: string;
  dataFingerprint?: string;
  maxNewTokens?: number;
  seed?: number;
  grading?: number;
  grader?: string | null;
  describer?: string | null;
  sets?: { name: string }[];
  cuts?: [number, number];
  depths?: number[];
  mode?: string;
  part?: string;
  change?: string;
  filter?: string | null;
  margin?: number;
}

function settingsOf(source: Stored): Setting[] {
  const from = source.result as unknown as Measured;
  const own: [string, Setting['value'] | undefined | null][] = [
    ['Data', from.data && from.dataFingerprint && `${from.data} (SHA-256 ${from.dataFingerprint.slice(0, 12)}…)`],
    ...(from.sets ?? []).map(({ name }, index): [string, Setting['value']] => [
      `Questions of ${name}`,
      number(source, `/sets/${index}/questions`, 'count'),
    ]),
    ['Mode', from.mode],
    ['Part', from.part],
    [
      'An answer has changed',
      from.change === 'text' ? 'when its text differs' : from.change && 'by the rule of its task',
    ],
    ['Weights that match', from.filter],
    ['First layers of Mid and of Late', from.cuts?.join(', ')],
    ['Layers', from.depths && rangesOf(from.depths)],
    ['New tokens at most', from.maxNewTokens === undefined ? undefined : number(source, '/maxNewTokens', 'count')],
    ['Seed', from.seed === undefined ? undefined : number(source, '/seed', 'count')],
    ['Grading rules, version', from.grading === undefined ? undefined : number(source, '/grading', 'count')],
    ['Grader', from.grader === undefined ? undefined : (from.grader ?? 'rules alone')],
    ['Describer of images', from.describer],
    ['Margin of equivalence, points', from.margin === undefined ? undefined : number(source, '/margin', 'percent')],
    ...(from.protocol === undefined
      ? []
      : protocolLines(
          from.protocol,
          (from.checkpoints ?? []).map(({ label }) => label),
        )),
    ...(from.maxNewTokens !== undefined && from.protocol?.sampling === undefined
      ? [['Sampling', 'none: greedy'] as [string, string]]
      : []),
  ];
  return own.flatMap(([name, value]) =>
    value === undefined || value === null || value === '' ? [] : [{ name, value }],
  );
}

/** `0–11, 14` */
function rangesOf(layers: readonly number[]): string {
  const parts: [number, number][] = [];
  for (const layer of layers) {
    const last = parts.at(-1);
    if (last !== undefined && last[1] === layer - 1) last[1] = layer;
    else parts.push([layer, layer]);
  }
  return parts.map(([from, to]) => (from === to ? String(from) : `${from}–${to}`)).join(', ');
}

/** Kinds whose numbers people put side by side. */
const TOGETHER: readonly (readonly Kind[])[] = [['evaluate', 'transfer', 'sweep'], ['swap'], ['skip'], ['attention']];
/** What makes numbers of two runs those of one measurement. */
const SETTINGS = [
  ['data', ({ dataFingerprint }: Measured) => dataFingerprint],
  ['questions or prompts', ({ protocol }: Measured) => protocol ?? {}],
  ['new tokens', ({ maxNewTokens }: Measured) => maxNewTokens],
  ['seed', ({ seed }: Measured) => seed],
  ['grading rules', ({ grading }: Measured) => grading ?? 1],
  ['grader', ({ grader }: Measured) => grader ?? null],
  ['layers', ({ depths }: Measured) => depths],
] as const;

/** Where runs of one kind were measured in different ways. */
export function protocolDifferences(sources: readonly Stored[]): Sentence[] {
  return TOGETHER.flatMap((kinds) => {
    const own = sources.filter(({ kind }) => kinds.includes(kind));
    const differing = SETTINGS.filter(
      ([, of]) => new Set(own.map(({ result }) => JSON.stringify(of(result as unknown as Measured)))).size > 1,
    ).map(([name]) => name);
    if (differing.length === 0) return [];
    const names = own.map(nameOf).join(', ');
    return [
      say`${names} were measured with different protocols (${differing.join(', ')}): numbers of one cannot be held against those of another as if they were one measurement, and no test here does so.`,
    ];
  });
}
