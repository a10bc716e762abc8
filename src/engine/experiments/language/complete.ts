/**
 * What may stand at a place of an experiment: keys and words from the requests' schemas, names from the file, files,
 * columns.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { CallContext } from '../../calls.js';
import { escaped, plain } from '../../merge/language/completeValues.js';
import type { RecipeCompletion } from '../../merge/language/completion.js';
import { type Cursor, cursorAt, type Path } from '../../merge/language/cursor.js';
import type { Span } from '../../merge/recipe/problem.js';
import { type Column, columnsIn } from '../columns.js';
import { CHECKPOINT_DOCS, type Experiment, parseExperiment, PART_DOCS, TOP_DOCS } from '../document.js';
import { factsOf } from '../fields.js';
import { DATA_FIELDS, type Field, type Fields, isPath, isWorded, kindNamed, KINDS, WORDED, wordOf } from '../kinds.js';

/** What completion reads of the files around. */
export interface ExperimentSurroundings {
  /** As an experiment in that place would write them. */
  checkpoints: readonly { path: string; label: string }[];
  /** Files and folders that begin so, from the experiment's folder; folders end in /. */
  files: (begun: string) => Promise<string[]>;
  /** Absolute path of a set. */
  columns: (data: string) => Promise<Column[]>;
}

/**
 * @param request.file where the text is, or will be, saved @param request.checkpoints absolute paths of those that are
 * known
 */
export function completeExperimentInPlace(
  request: { file: string; text: string; offset: number; checkpoints: readonly { path: string; label: string }[] },
  { signal }: CallContext<never> = {},
): Promise<RecipeCompletion[]> {
  const { file, text, offset, checkpoints } = request;
  const folder = path.dirname(path.resolve(file));
  return completeExperiment(file, text, offset, {
    checkpoints: checkpoints.map(({ path: place, label }) => ({
      path: path.relative(folder, place).replaceAll(path.sep, '/') || '.',
      label,
    })),
    files: (begun) => filesFrom(folder, begun),
    columns: (data) => columnsIn(data, signal),
  });
}

/** More are not offered. */
const MOST = 300;

async function filesFrom(folder: string, begun: string): Promise<string[]> {
  const above = begun.slice(0, begun.lastIndexOf('/') + 1);
  const entries = await readdir(path.resolve(folder, above), { withFileTypes: true }).catch(() => []);
  return entries
    .filter(({ name }) => !name.startsWith('.') && name !== 'node_modules')
    .slice(0, MOST)
    .map((entry) => `${above}${entry.name}${entry.isDirectory() ? '/' : ''}`)
    .sort();
}

/** @param file its path @param around what lies beside it */
export async function completeExperiment(
  file: string,
  text: string,
  offset: number,
  around: ExperimentSurroundings,
): Promise<RecipeCompletion[]> {
  const cursor = cursorAt(text, offset);
  if (cursor === undefined) return [];
  const { experiment } = parseExperiment(file, text);
  const values =
    cursor.value === undefined ? [] : await new Values(text, cursor.word, experiment, around).at(cursor.value.path);
  return [...keysFor(text, cursor, experiment), ...values];
}

interface Key {
  name: string;
  detail?: string | undefined;
  doc: string | undefined;
  insert: string;
}

function keysFor(text: string, { key, word: replace }: Cursor, experiment: Experiment | undefined): RecipeCompletion[] {
  if (key === undefined) return [];
  const there = new Set(key.map.entries.map((entry) => entry.key.value));
  return keysAt(key.path, text, experiment)
    .filter(({ name }) => !there.has(name))
    .map(({ name, detail, doc, insert }) => ({ label: name, kind: 'key', detail, doc, insert, replace }));
}

function keysAt(at: Path, text: string, experiment: Experiment | undefined): Key[] {
  const [block, name] = at;
  if (at.length === 0)
    return Object.entries(TOP_DOCS).map(([key, doc]) => ({ name: key, doc, insert: `${key}:\n  $0` }));
  if (block === 'checkpoints' && at.length === 2)
    return [
      ...Object.entries(CHECKPOINT_DOCS).map(([key, doc]) => ({ name: key, doc, insert: `${key}: $0` })),
      ...fieldKeys(Object.fromEntries(WORDED.map((key) => [key, DATA_FIELDS[key]!])), 'evaluate'),
    ];
  const fields = fieldsAt(at, text);
  if (fields === undefined) return [];
  const own = at.length - fields.depth;
  if (own === 0)
    return [...(block === 'parts' ? partKeys(text, String(name)) : []), ...fieldKeys(fields.fields, fields.word)];
  const entry = fields.fields[String(at[fields.depth])];
  if (own !== 1 || entry === undefined) return [];
  if (isWorded(entry)) return namesOf(experiment).map((key) => ({ name: key, doc: undefined, insert: `${key}: $0` }));
  return factsOf(entry, fields.word).keys.map((key) => ({ name: key, doc: undefined, insert: `${key}: $0` }));
}

/** The fields that may stand below a path, and how many of its parts lead to them. */
export function fieldsAt(at: Path, text: string): { fields: Fields; word: string; depth: number } | undefined {
  const [block, name] = at;
  if (block === 'protocol') return { fields: without(DATA_FIELDS, 'data'), word: 'evaluate', depth: 1 };
  if (block === 'sets' && at.length >= 2) return { fields: DATA_FIELDS, word: 'evaluate', depth: 2 };
  if (block !== 'parts' || at.length < 2) return undefined;
  const kind = kindNamed(runOf(text, String(name)));
  return kind === undefined
    ? { fields: {}, word: '', depth: 2 }
    : { fields: without(kind.fields, 'data'), word: wordOf(kind.name), depth: 2 };
}

function partKeys(text: string, name: string): Key[] {
  const kind = kindNamed(runOf(text, name));
  const run = { name: 'run', detail: 'must be given', doc: PART_DOCS.run, insert: 'run: $0' };
  if (kind === undefined) return [run];
  return [
    run,
    ...(kind.noun === undefined ? [] : [{ name: kind.noun, doc: PART_DOCS.checkpoints, insert: `${kind.noun}: [$0]` }]),
    ...('data' in kind.fields
      ? [{ name: 'data', detail: 'must be given', doc: 'Names of sets, from above, or a path.', insert: 'data: $0' }]
      : []),
  ];
}

/** What a part runs, also while the rest of it is being written. */
export function runOf(text: string, part: string): string | undefined {
  const lines = text.split('\n');
  const begin = lines.findIndex((line) => line.trimStart().startsWith(`${part}:`) && /^\s/.test(line));
  if (begin < 0) return undefined;
  const indent = /^\s*/.exec(lines[begin]!)![0].length;
  const rest = lines.slice(begin + 1);
  const end = rest.findIndex((line) => line.trim() !== '' && /^\s*/.exec(line)![0].length <= indent);
  const own = [lines[begin]!.slice(lines[begin]!.indexOf(':') + 1), ...(end < 0 ? rest : rest.slice(0, end))].join(
    '\n',
  );
  const found = /(?:^|[\s{,])run:[ \t]*["']?([a-z]+(?: [a-z]+)?)/.exec(own)?.[1];
  return found;
}

function fieldKeys(fields: Fields, word: string): Key[] {
  return Object.entries(fields).map(([name, entry]) => {
    const { doc, usual, isRequired, words, isList } = factsOf(entry, word);
    return {
      name,
      detail: isRequired ? 'must be given' : usual === undefined ? undefined : `default ${usual}`,
      doc,
      insert:
        `${name}: ` +
        `${isList && !isWorded(entry) ? '[$0]' : usual === undefined || words.length > 0 ? '$0' : `\${1:${usual}}`}`,
    };
  });
}

function without(fields: Fields, key: string): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== key));
}

/** Names and roles, for texts per checkpoint. */
function namesOf(experiment: Experiment | undefined): string[] {
  return [
    ...new Set((experiment?.checkpoints ?? []).flatMap(({ name, role }) => [name, role ?? name]).concat('hybrid')),
  ];
}

const ROLES = ['base', 'in', 'rl', 'rl2', 'hybrid'];

class Values {
  constructor(
    private readonly text: string,
    private readonly replace: Span,
    private readonly experiment: Experiment | undefined,
    private readonly around: ExperimentSurroundings,
  ) {}

  async at(at: Path): Promise<RecipeCompletion[]> {
    const [block, name, third] = at;
    if (block === 'checkpoints' && at.length === 2) return this.places();
    if (block === 'checkpoints' && third === 'path') return this.places();
    if (block === 'checkpoints' && third === 'role') return this.words(ROLES);
    if (block === 'sets' && (at.length === 2 || third === 'data')) return this.files();
    if (block === 'parts' && third === 'run')
      return KINDS.map((kind) => this.one(kind.name, 'method', undefined, kind.doc));
    const kind = block === 'parts' ? kindNamed(runOf(this.text, String(name))) : undefined;
    if (kind !== undefined && third === kind.noun)
      return this.words((this.experiment?.checkpoints ?? []).map((one) => one.name));
    if (kind !== undefined && third === 'data')
      return [...this.words((this.experiment?.sets ?? []).map((one) => one.name)), ...(await this.files())];
    if (WORDED.includes(String(third)) || (block === 'protocol' && WORDED.includes(String(name))))
      return this.prompts();
    const found = fieldsAt(at, this.text);
    const field = found === undefined ? undefined : String(at[found.depth]);
    const entry = field === undefined ? undefined : found!.fields[field];
    return entry === undefined ? [] : this.ofField(field!, entry, found!.word, at);
  }

  private async ofField(name: string, entry: Field, word: string, at: Path): Promise<RecipeCompletion[]> {
    if (name === 'where') return this.conditions(at);
    if (name === 'promptColumn') return this.words((await this.columns(at)).map((column) => column.name));
    if (isPath(entry))
      return [
        ...(at[0] === 'parts' ? this.words((this.experiment?.checkpoints ?? []).map((one) => one.name)) : []),
        ...(await this.files()),
      ];
    const { words, usual } = factsOf(entry, word);
    const all = words.length > 0 ? words : usual === undefined ? [] : [usual];
    return all.map((one) => this.one(one, 'word', one === usual ? 'default' : undefined, undefined));
  }

  /** Of the set at hand, or of the sets that a part reads. */
  private async columns([block, name]: Path): Promise<Column[]> {
    const { sets = [], parts = [] } = this.experiment ?? {};
    const part = parts.find((one) => one.name === name);
    const wanted =
      block === 'sets' ? [String(name)] : block === 'parts' ? (part?.data ?? []) : sets.map((one) => one.name);
    const places = wanted.map(
      (one) => (sets.find((set) => set.name === one)?.values['data'] as string | undefined) ?? one,
    );
    const found = (await Promise.all(places.slice(0, 8).map((place) => this.around.columns(place)))).flat();
    return found.filter((column, index) => found.findIndex((other) => other.name === column.name) === index);
  }

  private async conditions(at: Path): Promise<RecipeCompletion[]> {
    const columns = await this.columns(at);
    return columns.flatMap(({ name, values }) => [
      this.one(
        name,
        'filter',
        values.length === 0 ? 'column' : `column, ${values.length} values`,
        undefined,
        `${escaped(name)}=$0`,
      ),
      ...values.map((value) =>
        this.one(`${name}=${value}`, 'filter', undefined, undefined, escaped(plain(`${name}=${value}`))),
      ),
    ]);
  }

  private words(all: readonly string[]): RecipeCompletion[] {
    return all.map((one) => this.one(one, 'word', undefined, undefined));
  }

  private async places(): Promise<RecipeCompletion[]> {
    const known = this.around.checkpoints.map(({ path: place, label }) =>
      this.one(place, 'checkpoint', label, undefined, escaped(plain(place))),
    );
    const files = (await this.files()).filter(
      ({ label }) => !known.some((one) => one.label === label.replace(/\/$/, '')),
    );
    return [...known, ...files];
  }

  private async files(before = ''): Promise<RecipeCompletion[]> {
    const begun = this.text.slice(this.replace.offset, this.replace.offset + this.replace.length).slice(before.length);
    return (await this.around.files(begun)).map((place) =>
      this.one(
        `${before}${place}`,
        'checkpoint',
        undefined,
        undefined,
        escaped(before === '' ? plain(place) : `"${before}${place}"`),
      ),
    );
  }

  /** Files of prompts, once `@` is written. */
  private prompts(): Promise<RecipeCompletion[]> {
    return this.text[this.replace.offset] === '@' ? this.files('@') : Promise.resolve([]);
  }

  private one(
    label: string,
    kind: RecipeCompletion['kind'],
    detail: string | undefined,
    doc: string | undefined,
    insert = escaped(plain(label)),
  ): RecipeCompletion {
    return { label, kind, detail, doc, insert, replace: this.replace };
  }
}
