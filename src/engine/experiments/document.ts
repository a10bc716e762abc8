/**
 * `*.experiment.yaml`: read with the place of whatever is wrong. Only the text is looked at here; `steps.ts` says what
 * it means, and `language/check.ts` holds it against the files that it names.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { notesOf } from '../analyses/declare/field.js';
import { withPaths } from '../analyses/declare/question.js';
import { isElsewhere } from '../checkpoint/base.js';
import { endpointOf, isEndpointPath } from '../checkpoint/endpointPath.js';
import { quoted } from '../checkpoint/failure.js';
import { FrankensteinError } from '../errors.js';
import { placeAt, valueOf as plainOf } from '../freeze/document.js';
import { isStageRole, type StageRole } from '../lineage/roles.js';
import { hasErrors, nearest, type ProblemCode, type RecipeProblem } from '../merge/recipe/problem.js';
import { type MapEntry, type MapNode, parseTree, type TreeNode } from '../merge/recipe/tree.js';
import { KEY_VARIABLE, valueOf } from './fields.js';
import {
  DATA_FIELDS,
  type Field,
  type Fields,
  isPath,
  isWorded,
  kindNamed,
  KINDS,
  type PartKind,
  WORDED,
} from './kinds.js';

export const TOP_DOCS = {
  checkpoints: 'Names of checkpoints, each with its path: a folder, an adapter (BASE+ADAPTER names both) or a recipe.',
  protocol: 'How questions are put, for all parts: system prompts, prefixes, pixels, length, sampling, grader.',
  sets: 'Names of question sets and probes, each a file or folder with what is read of it: filters, ids, a draw.',
  parts: 'What is done, in this order: names of parts, each an analysis with its options.',
} as const;

export const CHECKPOINT_DOCS: Readonly<Record<string, string>> = {
  path: 'A folder, an adapter (BASE+ADAPTER names both) or a recipe, relative to this file.',
  role: 'base, in, rl, rl2 … or hybrid; by its name when left out.',
};

/** What a part has beside the options of its analysis. */
export const PART_DOCS = {
  run: `What is done: ${KINDS.map(({ name }) => name).join(', ')}.`,
  checkpoints:
    'Names of checkpoints, from above. Left out: a lineage is that of the roles base, in, rl …; an evaluation takes all; ' +
    'stitches and sweeps are made of in and rl.',
} as const;

export type ExperimentRole = StageRole | 'hybrid';

export interface NamedCheckpoint {
  name: string;
  /** Absolute; of an adapter with its base, both. */
  path: string;
  role: ExperimentRole | undefined;
  /** Of the fields that are texts per checkpoint; files as `@` and their absolute path. */
  words: Readonly<Record<string, string>>;
}

/** Values by the names of fields. Paths are absolute. */
export type Values = Readonly<Record<string, unknown>>;

export interface NamedPart {
  name: string;
  kind: PartKind;
  /** Undefined: those that the kind takes. */
  checkpoints: string[] | undefined;
  /** Names of sets, or absolute paths; undefined where it reads none. */
  data: string[] | undefined;
  values: Values;
}

export interface Experiment {
  /** Absolute. */
  folder: string;
  checkpoints: NamedCheckpoint[];
  protocol: Values;
  sets: { name: string; values: Values }[];
  parts: NamedPart[];
}

export interface ParsedExperiment {
  tree: TreeNode | undefined;
  /** What could be read of it, also where there are errors; undefined where there is nothing. */
  experiment: Experiment | undefined;
  /** In the order of their places. */
  problems: RecipeProblem[];
}

/** Names stand in the names of steps, behind `--only`, and in `checkpoints: […]`. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._+-]{0,63}$/u;

/** Never throws: what is wrong is a problem with its place. @param file where the text is, or will be, saved */
export function parseExperiment(file: string, text: string): ParsedExperiment {
  const problems: RecipeProblem[] = [];
  const tree = parseTree(text, (problem) =>
    problems.push({ ...problem, message: problem.message.replace(/^A recipe (?=has|is)/, 'An experiment ') }),
  );
  if (tree === undefined || tree.kind !== 'map') {
    if (problems.length === 0)
      problems.push({
        code: 'missing-key',
        severity: 'error',
        offset: 0,
        length: 0,
        message:
          tree === undefined
            ? 'The experiment is empty: it needs checkpoints and parts.'
            : 'An experiment is a mapping with checkpoints and parts.',
      });
    return { tree, experiment: undefined, problems };
  }
  const broken = problems.length > 0;
  const found: RecipeProblem[] = [];
  const experiment = new Reader(file, tree, found).read();
  // What is no YAML hides what it says: the rest would only repeat that.
  if (!broken || problems.every(({ code }) => code === 'duplicate-key')) problems.push(...found);
  problems.sort((a, b) => a.offset - b.offset || a.length - b.length);
  return { tree, experiment, problems };
}

/** @throws `malformed`, with file, line and column of the first error */
export function readExperimentText(file: string, text: string): Experiment {
  const { experiment, problems } = parseExperiment(file, text);
  if (experiment !== undefined && !hasErrors(problems)) return experiment;
  throw new FrankensteinError('malformed', firstOf(problems, file, text));
}

/** `FILE:LINE:COLUMN: …` of the first error. */
export function firstOf(problems: readonly RecipeProblem[], file: string, text: string): string {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  const before = text.slice(0, first!.offset).split('\n');
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return `${file}:${before.length}:${before.at(-1)!.length + 1}: ${first!.message}${more}`;
}

type Key = string | number;

class Reader {
  private readonly folder: string;
  private readonly checkpoints: NamedCheckpoint[] = [];
  private readonly sets: Experiment['sets'] = [];

  constructor(
    private readonly file: string,
    private readonly tree: MapNode,
    private readonly problems: RecipeProblem[],
  ) {
    this.folder = path.dirname(path.resolve(file));
  }

  read(): Experiment {
    for (const { key } of this.tree.entries)
      if (!Object.hasOwn(TOP_DOCS, key.value)) this.unknown([key.value], Object.keys(TOP_DOCS));
    for (const { name, value } of this.named('checkpoints', true)) this.checkpoint(name, value);
    this.checkRoles();
    const given = this.entry('protocol')?.value;
    const protocol = given === undefined ? {} : this.fields(given, ['protocol'], withoutData(DATA_FIELDS));
    for (const { name, value } of this.named('sets', false)) this.set(name, value);
    const parts = this.named('parts', true).flatMap(({ name, value }) => this.part(name, value) ?? []);
    return { folder: this.folder, checkpoints: this.checkpoints, protocol, sets: this.sets, parts };
  }

  private report(
    code: ProblemCode,
    at: readonly Key[],
    message: string,
    on: 'key' | 'value' = 'value',
    fix?: string,
  ): void {
    const place = placeAt(this.tree, at, on);
    this.problems.push({
      code,
      severity: 'error',
      ...place,
      message,
      fix: fix === undefined ? undefined : { title: `Change to ${fix}`, edits: [{ ...place, text: fix }] },
    });
  }

  private unknown(at: readonly Key[], known: readonly string[]): void {
    const key = String(at.at(-1));
    const near = nearest(key, known);
    const means = `"${key}" means nothing here`;
    this.report('unknown-key', at, near === undefined ? `${means}.` : `${means}; did you mean ${near}?`, 'key', near);
  }

  private entry(key: string): MapEntry | undefined {
    return this.tree.entries.find((entry) => entry.key.value === key);
  }

  /** The entries of a block of names. */
  private named(block: keyof typeof TOP_DOCS, needed: boolean): { name: string; value: TreeNode }[] {
    const node = this.entry(block)?.value;
    if (
      node === undefined ||
      (node.kind === 'scalar' && node.value === null) ||
      (node.kind === 'map' && node.entries.length === 0)
    ) {
      if (needed && node === undefined)
        this.problems.push({
          code: 'missing-key',
          severity: 'error',
          offset: this.tree.offset,
          length: 0,
          message: `"${block}" is missing. ${TOP_DOCS[block]}`,
        });
      else if (needed) this.report('missing-key', [block], `"${block}" has none. ${TOP_DOCS[block]}`, 'key');
      return [];
    }
    if (node.kind !== 'map') {
      this.report('wrong-type', [block], `"${block}" must be a mapping of names. ${TOP_DOCS[block]}`);
      return [];
    }
    return node.entries.flatMap(({ key: { value: name }, value }) => {
      if (NAME.test(name)) return [{ name, value }];
      this.report(
        'bad-value',
        [block, name],
        `${quoted(name)} is no name: letters, digits, dots and dashes make one.`,
        'key',
      );
      return [];
    });
  }

  private checkpoint(name: string, node: TreeNode): void {
    const at = ['checkpoints', name];
    if (node.kind === 'list')
      return this.report('wrong-type', at, `"${name}" must be a path, or a mapping with a path.`);
    const given = node.kind === 'map' ? (plainOf(node) as Record<string, unknown>) : { path: node.value };
    for (const key of Object.keys(given))
      if (!Object.hasOwn(CHECKPOINT_DOCS, key) && !WORDED.includes(key))
        this.unknown([...at, key], [...Object.keys(CHECKPOINT_DOCS), ...WORDED]);
    const place = given['path'];
    if (typeof place !== 'string' || place.trim() === '')
      return this.report('missing-key', at, `The checkpoint "${name}" has no path.`, 'key');
    const where = node.kind === 'map' ? [...at, 'path'] : at;
    const found = this.place(place, where);
    if (found === undefined) return;
    if (path.resolve(found) === path.resolve(this.file))
      return this.report('cycle', where, `The checkpoint "${name}" is this experiment itself.`);
    const role = this.role(name, given['role'], at);
    const words: Record<string, string> = {};
    for (const key of WORDED)
      if (typeof given[key] === 'string') words[key] = this.word(given[key], [...at, key]);
      else if (given[key] !== undefined)
        this.report('wrong-type', [...at, key], `"${key}" must be a text, or @ and a file.`);
    this.checkpoints.push({ name, path: found, role, words });
  }

  private role(name: string, given: unknown, at: readonly Key[]): ExperimentRole | undefined {
    const asked =
      typeof given === 'string' ? given.toLowerCase() : given === undefined ? name.toLowerCase() : undefined;
    if (asked === 'hybrid' || isStageRole(asked)) return asked;
    if (given !== undefined)
      this.report(
        'bad-value',
        [...at, 'role'],
        `There is no role ${quoted(typeof given === 'string' ? given : JSON.stringify(given))}; there ` +
          'are base, in, rl, rl2 … and hybrid.',
      );
    return undefined;
  }

  private checkRoles(): void {
    const owners = new Map<string, string>();
    for (const { name, role } of this.checkpoints) {
      if (role === undefined || role === 'hybrid') continue;
      const owner = owners.get(role);
      if (owner === undefined) owners.set(role, name);
      else
        this.report(
          'conflicting-keys',
          ['checkpoints', name],
          `The role ${role} is that of "${owner}" already; a second one is ` +
            `${role.replace(/\d+$/, '')}2, and what is compared with both is hybrid.`,
          'key',
        );
    }
  }

  /** Absolute; undefined where it leads to another machine. */
  private place(given: string, at: readonly Key[]): string | undefined {
    if (isEndpointPath(given)) return this.endpoint(given, at);
    if (given.includes('\0') || given.split('+').some(isElsewhere)) {
      this.report('bad-value', at, `${quoted(given)} leads to another machine: fetch it, and name the folder here.`);
      return undefined;
    }
    const whole = path.resolve(this.folder, given);
    if (!given.includes('+') || existsSync(whole)) return whole;
    return given
      .split('+')
      .map((part) => path.resolve(this.folder, part))
      .join('+');
  }

  /** Only a checkpoint may be one: what else is read of a file lies on this machine. */
  private endpoint(given: string, at: readonly Key[]): string | undefined {
    try {
      endpointOf(given);
    } catch (error) {
      this.report('bad-value', at, (error as Error).message);
      return undefined;
    }
    if (at[0] === 'checkpoints' && !WORDED.includes(String(at.at(-1)))) return given;
    this.report('bad-value', at, `${quoted(given)} is a model behind an address, and a file is wanted here.`);
    return undefined;
  }

  /** A text; a file by its absolute path. */
  private word(text: string, at: readonly Key[]): string {
    if (!text.startsWith('@')) return text;
    const file = this.place(text.slice(1), at);
    return file === undefined ? text : `@${file}`;
  }

  private set(name: string, node: TreeNode): void {
    const at = ['sets', name];
    const whole: TreeNode =
      node.kind === 'scalar'
        ? {
            ...node,
            kind: 'map',
            entries: [{ key: { ...node, value: 'data' }, value: node, offset: node.offset, length: node.length }],
          }
        : node;
    const values = this.fields(whole, at, DATA_FIELDS);
    if (typeof values['data'] === 'string') this.sets.push({ name, values });
    else if (!(whole.kind === 'map' && whole.entries.some(({ key }) => key.value === 'data')))
      this.report('missing-key', at, `The set "${name}" has no data: the file or folder that holds it.`, 'key');
  }

  private part(name: string, node: TreeNode): NamedPart | undefined {
    const at = ['parts', name];
    if (node.kind !== 'map') {
      this.report('wrong-type', at, `The part "${name}" must be a mapping with "run". ${PART_DOCS.run}`, 'key');
      return undefined;
    }
    const run = node.entries.find(({ key }) => key.value === 'run');
    const named = run?.value.kind === 'scalar' ? run.value.value : undefined;
    const kind = kindNamed(named);
    if (kind === undefined) {
      const names = KINDS.map((one) => one.name);
      const near = named === undefined ? undefined : nearest(String(named), names);
      if (run === undefined)
        this.report('missing-key', at, `The part "${name}" does not say what it runs. ${PART_DOCS.run}`, 'key');
      else
        this.report(
          'bad-value',
          [...at, 'run'],
          `There is no ${quoted(String(named))} to run; there are ${names.join(', ')}.`,
          'value',
          near,
        );
      return undefined;
    }
    const { noun, fields } = kind;
    const own: TreeNode = {
      ...node,
      entries: node.entries.filter(({ key }) => !['run', noun, 'data'].includes(key.value)),
    };
    const values = this.fields(own, at, withoutData(fields), [
      'run',
      ...(noun === undefined ? [] : [noun]),
      ...('data' in fields ? ['data'] : []),
    ]);
    const checkpoints = noun === undefined ? undefined : this.names(node, at, noun);
    if (checkpoints === null) return undefined;
    const data = 'data' in fields ? this.data(node, at) : this.noData(node, at, kind);
    for (const [key, entry] of Object.entries(fields))
      if (key !== 'data' && entry.type !== 'optional' && values[key] === undefined && !has(node, key))
        this.report('missing-key', at, `The part "${name}" has no ${key}.`, 'key');
    return { name, kind, checkpoints, data, values };
  }

  private noData(node: MapNode, at: readonly Key[], { name }: PartKind): undefined {
    if (has(node, 'data')) this.report('unknown-key', [...at, 'data'], `"${name}" reads no data.`, 'key');
    return undefined;
  }

  /** Names of checkpoints; null where one is unknown. */
  private names(node: MapNode, at: readonly Key[], noun: string): string[] | undefined | null {
    const entry = node.entries.find(({ key }) => key.value === noun);
    if (entry === undefined) return undefined;
    const items = entry.value.kind === 'list' ? entry.value.items : [entry.value];
    const known = this.checkpoints.map(({ name }) => name);
    let whole = true;
    const names = items.map((item, index) => {
      const name = item.kind === 'scalar' ? String(item.value ?? '') : '';
      if (!known.includes(name)) {
        const near = nearest(name, known);
        const where = entry.value.kind === 'list' ? [...at, noun, index] : [...at, noun];
        const listed = known.length === 0 ? 'none is named above' : `there are ${known.join(', ')}`;
        this.report('no-checkpoint', where, `No checkpoint is called ${quoted(name)}; ${listed}.`, 'value', near);
        whole = false;
      }
      return name;
    });
    const twice = names.find((name, index) => names.indexOf(name) < index);
    if (twice !== undefined && whole) this.report('conflicting-keys', [...at, noun], `"${twice}" stands here twice.`);
    return whole ? names : null;
  }

  /** Names of sets, or paths. */
  private data(node: MapNode, at: readonly Key[]): string[] | undefined {
    const entry = node.entries.find(({ key }) => key.value === 'data');
    const items = entry === undefined ? [] : entry.value.kind === 'list' ? entry.value.items : [entry.value];
    if (entry === undefined || items.length === 0) {
      const which = this.sets.length === 0 ? '' : `: ${this.sets.map(({ name }) => name).join(', ')}, or a path`;
      this.report('missing-key', at, `The part "${String(at.at(-1))}" has no data${which}.`, 'key');
      return undefined;
    }
    return items.flatMap((item, index) => {
      const where = entry.value.kind === 'list' ? [...at, 'data', index] : [...at, 'data'];
      const given = item.kind === 'scalar' && item.value !== null ? String(item.value) : '';
      if (has(this.blockOf('sets'), given)) return this.sets.some(({ name }) => name === given) ? [given] : [];
      const found = given === '' ? undefined : this.place(given, where);
      if (found !== undefined && (/[/\\]|\.(?:jsonl|parquet)$/.test(given) || existsSync(found))) return [found];
      const names = this.sets.map(({ name }) => name);
      const near = nearest(given, names);
      const listed = names.length === 0 ? 'none is named above' : `there are ${names.join(', ')}`;
      if (given === '' || found !== undefined)
        this.report(
          'bad-value',
          where,
          `No set is called ${quoted(given)}, and there is no such file; ${listed}.`,
          'value',
          near,
        );
      return [];
    });
  }

  private blockOf(key: string): TreeNode {
    return this.entry(key)?.value ?? { kind: 'scalar', value: null, offset: 0, length: 0 };
  }

  /**
   * The values of a mapping of fields; what is wrong is reported and left out. @param beside keys that are read
   * elsewhere
   */
  private fields(node: TreeNode, at: readonly Key[], fields: Fields, beside: readonly string[] = []): Values {
    if (node.kind !== 'map') {
      if (!(node.kind === 'scalar' && node.value === null))
        this.report('wrong-type', at, `"${at.join('.')}" must be a mapping.`);
      return {};
    }
    const values: Record<string, unknown> = {};
    for (const { key, value } of node.entries) {
      const name = key.value;
      const where = [...at, name];
      const entry = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (entry === undefined) this.unknown(where, [...Object.keys(fields), ...beside]);
      else {
        const found = isWorded(entry) ? this.worded(name, value, where) : this.field(name, entry, value, where);
        if (found !== undefined) values[name] = found;
      }
    }
    return values;
  }

  private field(name: string, entry: Field, node: TreeNode, at: readonly Key[]): unknown {
    const given = plainOf(node);
    if (typeof given === 'object' && given !== null && KEY_VARIABLE in given) {
      this.report(
        'bad-value',
        [...at, KEY_VARIABLE],
        'A key is no part of an experiment: --grader-key names the variable of the environment, and ' +
          'VS Code keeps it as a secret.',
        'key',
      );
      return undefined;
    }
    const found = valueOf(entry, name, given);
    if (!found.ok) {
      this.report('bad-value', [...at, ...found.path], found.message);
      return undefined;
    }
    const { paths = [] } = notesOf(entry);
    if (paths.length > 0)
      return withPaths(found.value as Values, paths, (one) => this.place(one, [...at, ...paths.slice(0, 1)]));
    if (!isPath(entry) || typeof found.value !== 'string') return found.value;
    const named = this.checkpoints.find((one) => one.name === found.value);
    return named?.path ?? this.place(found.value, at);
  }

  /** A text for all checkpoints, or one per name or role. */
  private worded(name: string, node: TreeNode, at: readonly Key[]): unknown {
    if (node.kind === 'scalar' && typeof node.value === 'string') return [{ text: this.word(node.value, at) }];
    if (node.kind !== 'map') {
      this.report('wrong-type', at, `"${name}" must be a text, @ and a file, or a mapping from checkpoints to those.`);
      return undefined;
    }
    const known = this.checkpoints.flatMap(({ name: own, role }) => [own, role ?? own]).concat('hybrid');
    return node.entries.flatMap(({ key, value }) => {
      const where = [...at, key.value];
      if (!known.includes(key.value)) {
        const near = nearest(key.value, known);
        this.report(
          'no-checkpoint',
          where,
          `No checkpoint has the name or role ${quoted(key.value)}; there are ${[...new Set(known)].join(', ')}.`,
          'key',
          near,
        );
        return [];
      }
      if (value.kind === 'scalar' && typeof value.value === 'string')
        return [{ text: this.word(value.value, where), checkpoint: key.value }];
      this.report('wrong-type', where, `"${name}.${key.value}" must be a text, or @ and a file.`);
      return [];
    });
  }
}

function has(node: TreeNode, key: string): boolean {
  return node.kind === 'map' && node.entries.some((entry) => entry.key.value === key);
}

function withoutData(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'data'));
}
