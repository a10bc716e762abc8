/**
 * The kinds of parts that an experiment may have, and the fields of each: the commands of the registry with the fields
 * of their requests, under the same names. Nothing is listed here a second time.
 */
import * as v from 'valibot';
import { ANALYSES } from '../analyses/analyses.js';
import type { AnyDefinition, CommandDeclaration } from '../analyses/declare/definition.js';
import { notesOf, optional, required, text } from '../analyses/declare/field.js';
import { typedWords } from '../analyses/declare/protocol.js';
import { typedNumber } from '../analyses/declare/typed.js';
import { definition as evaluation } from '../analyses/evaluate/definition.js';

export type Field = v.ObjectEntries[string];
export type Fields = Readonly<Record<string, Field>>;

export interface PartKind {
  /** As `run` names it, and the command line too. */
  name: string;
  doc: string;
  definition: AnyDefinition;
  /** Undefined for what is no analysis by itself. */
  declaration: CommandDeclaration | undefined;
  /** Without the checkpoints. */
  fields: Fields;
  /** What its checkpoints are called: `stages`, `checkpoints`; undefined where it names none. */
  noun: string | undefined;
  /** Checkpoints of one run: at least, at most. */
  least: number;
  most: number;
  /** Whether they are the stages of a lineage, in its order. */
  lineage: boolean;
}

/** The word by which notes tell the commands of an analysis apart: `swap` for `probe swap`. */
export function wordOf(name: string): string {
  return name.split(' ').at(-1)!;
}

/** The fields that this command has, without the checkpoints and without what says where it runs. */
function fieldsOf({ request }: AnyDefinition, word: string): [string, Field][] {
  const { entries } = request as unknown as { entries: v.ObjectEntries };
  return Object.entries(entries).filter(([, entry]) => {
    const { flags, noun, scope, only } = notesOf(entry);
    return flags.length > 0 && noun === undefined && scope !== 'machine' && (only ?? [word]).includes(word);
  });
}

function nounOf({ request }: AnyDefinition): string | undefined {
  const { entries } = request as unknown as { entries: v.ObjectEntries };
  return Object.keys(entries).find((key) => notesOf(entries[key] as v.GenericSchema).noun !== undefined);
}

function kindOf(definition: AnyDefinition, declaration: CommandDeclaration): PartKind {
  const { name, description, arguments: given, more = {} } = declaration;
  const lists = given.some(({ syntax }) => syntax.includes('...'));
  return {
    name,
    doc: /[.?!]$/.test(description) ? description : `${description}.`,
    definition,
    declaration,
    fields: { ...Object.fromEntries(fieldsOf(definition, wordOf(name))), ...more },
    noun: nounOf(definition),
    least:
      definition.joint === ' → ' && lists
        ? leastStages(definition)
        : given.filter(({ syntax }) => syntax.startsWith('<')).length,
    most: lists ? Infinity : given.length,
    lineage: definition.joint === ' → ',
  };
}

/** As the schema of the request has it. */
function leastStages(definition: AnyDefinition): number {
  const { entries } = definition.request as unknown as { entries: v.ObjectEntries };
  const schema = entries[nounOf(definition)!] as v.GenericSchema;
  return v.is(schema, [{ path: '-' }]) ? 1 : 2;
}

const POINTS = 'The margin is a number of points above 0.';

/** Verifies the trainings of a freeze experiment and reports what was necessary: not one analysis, but several. */
const freeze: PartKind = {
  name: 'freeze',
  doc:
    'Verify what stayed frozen in the trainings of a freeze experiment, evaluate them, and report what ' +
    'was necessary.',
  definition: evaluation,
  declaration: undefined,
  fields: {
    experiment: required(text, {
      flags: [{ syntax: '<experiment>', help: 'the folder of a freeze experiment', isPath: true }],
    }),
    ...Object.fromEntries(fieldsOf(evaluation as unknown as AnyDefinition, 'evaluate')),
    margin: optional(v.pipe(v.number(POINTS), v.gtValue(0, POINTS)), {
      flags: [
        {
          syntax: '--margin <points>',
          help: 'what counts as equivalent, in points of a hundred (default: 5)',
          read: typedNumber,
        },
      ],
    }),
  },
  noun: undefined,
  least: 0,
  most: 0,
  lineage: false,
};

export const KINDS: readonly PartKind[] = [
  ...ANALYSES.flatMap((definition) => definition.commands.map((declaration) => kindOf(definition, declaration))),
  freeze,
];

export function kindNamed(name: unknown): PartKind | undefined {
  return KINDS.find((kind) => kind.name === name);
}

/** Fields of whatever reads data: those of a set, and of the protocol. The first kind that has one says what it is. */
export const DATA_FIELDS: Fields = Object.fromEntries(
  KINDS.filter(({ fields }) => 'data' in fields && 'seed' in fields)
    .flatMap(({ definition, name }) => (name === 'freeze' ? [] : fieldsOf(definition, wordOf(name))))
    .reverse(),
);

/** Texts that may be another one per checkpoint: system prompt, prefix. */
export function isWorded(entry: Field): boolean {
  return notesOf(entry).flags[0]?.read === typedWords;
}

/** Those of them, by name. */
export const WORDED: readonly string[] = Object.keys(DATA_FIELDS).filter((name) => isWorded(DATA_FIELDS[name]!));

/** A file or folder, or (where it is one of the command's own) a checkpoint. */
export function isPath(entry: Field): boolean {
  return notesOf(entry).flags[0]?.isPath === true;
}
