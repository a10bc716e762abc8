/**
 * Fields of a request. A field is declared once, as an entry of the request's schema: its type, what is refused and in
 * which sentence, its default, and its options on the command line with their help. Everything else is derived from
 * that.
 */
import * as v from 'valibot';
import { typedCount, typedCuts, typedNames, typedSeed, typedSize } from './typed.js';

/** An option of the command line. */
export interface Flag {
  /** As the help shows it: `--cuts <mid,late>`. */
  syntax: string;
  /** May differ between the commands of an analysis. */
  help: string | ((command: string) => string);
  /** Text to value; `before` is what the same option gave already. The text itself when left out. */
  read?: (text: string, before?: never) => unknown;
  /** A path, from the working directory. */
  isPath?: boolean;
  /** Given when the option is not. */
  default?: string;
}

/** Options of a command, by their names in camel case. */
export type Options = Readonly<Record<string, unknown>>;

/** A checkpoint as it is typed: `label` and what else has an option. */
export type NamedCheckpoint = Readonly<Record<string, string | undefined>> & { path: string };

export interface Notes {
  /** The first of them carries the value, unless `from` says otherwise. */
  flags: readonly Flag[];
  /** Makes the value of several options. @throws `bad-request` for options that do not go together */
  from?: (options: Options) => unknown;
  /** The commands that have these options; all of the analysis when left out. */
  only?: readonly string[];
  /**
   * `machine`: where and how it runs, in no stored request. `view`: how the result is looked at: the same work with
   * another. Left out: what is asked.
   */
  scope?: 'machine' | 'view';
  /** Of the checkpoints, which the command line has as arguments: what they are called. */
  noun?: string;
  /** What their names say of them, on the command line. @throws `bad-request` */
  each?: (checkpoint: NamedCheckpoint) => object;
}

type Described<S extends v.GenericSchema> = v.SchemaWithPipe<readonly [S, v.MetadataAction<v.InferOutput<S>, NoteBag>]>;
type NoteBag = Record<string, unknown> & { notes: Notes };

/** A field that must be given. */
export function required<const S extends v.GenericSchema>(schema: S, notes: Notes): Described<S> {
  return v.pipe(schema, v.metadata({ notes }));
}

/** A field that may be left out. */
export function optional<const S extends v.GenericSchema>(schema: S, notes: Notes) {
  return v.optional(required(schema, notes));
}

/** A field with a default: the one place where it is written. */
export function defaulting<const S extends v.GenericSchema, const D extends v.InferInput<S>>(
  schema: S,
  value: D,
  notes: Notes,
) {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- valibot asks for what it infers itself
  return v.optional(required(schema, notes), value as any) as unknown as v.OptionalSchema<Described<S>, D>;
}

/** What was noted of an entry of a request's schema. */
export function notesOf(entry: v.GenericSchema): Notes {
  const schema = 'wrapped' in entry ? (entry as unknown as { wrapped: v.GenericSchema }).wrapped : entry;
  return (v.getMetadata(schema) as { notes?: Notes }).notes ?? { flags: [] };
}

/** A whole number of at least 1. @param what `samples` */
export function count(what: string) {
  const refuse = ({ input }: { input: unknown }) =>
    `The number of ${what} must be a whole number of at least 1; ${String(input)} given.`;
  return v.pipe(v.number(refuse), v.integer(refuse), v.minValue(1, refuse));
}

const WHOLE = 'Cuts are whole layer numbers';
const cut = v.pipe(v.number(WHOLE), v.integer(WHOLE), v.minValue(0, WHOLE));
const CUTS = v.tuple([cut, cut], 'Cuts are two layer numbers.');
const LIST = 'Give a list.';
const TEXT = 'Give a text.';
export const text = v.string(TEXT);
export const texts = v.array(text, LIST);

/**
 * First layer of Mid, first layer of Late (0-based). Thirds, floored, when left out. @param scope none where other cuts
 * are another question
 */
export const cuts = (scope: Pick<Notes, 'scope'> = { scope: 'view' }) =>
  optional(CUTS, {
    ...scope,
    flags: [
      {
        syntax: '--cuts <mid,late>',
        help: 'first layer of Mid and of Late, 0-based (default: thirds)',
        read: typedCuts,
      },
    ],
  });

/** At most so many, drawn with `seed`; all when left out. */
export const samples = (help: Flag['help']) =>
  optional(count('samples'), { flags: [{ syntax: '--samples <n>', help, read: typedCount }] });

const WHOLE_SEED = ({ input }: { input: unknown }) => `The seed must be a whole number; ${String(input)} given.`;

/** Of what is drawn at random. */
export const seed = (help = 'of the draw (default: 0)') =>
  defaulting(v.pipe(v.number(WHOLE_SEED), v.integer(WHOLE_SEED), v.safeInteger(WHOLE_SEED)), 0, {
    flags: [{ syntax: '--seed <n>', help, read: typedSeed }],
  });

export const maxNewTokens = (value: number) =>
  defaulting(count('new tokens'), value, {
    flags: [
      { syntax: '--max-new-tokens <n>', help: `max new tokens per answer (default: ${value})`, read: typedCount },
    ],
  });

/** What to do with a line that cannot be read. */
export const badLines = () =>
  defaulting(v.picklist(['stop', 'skip']), 'stop', {
    flags: [
      {
        syntax: '--bad-lines <action>',
        help: 'malformed lines and unreadable images: stop with an error, or skip and list them',
      },
    ],
  });

/** A file or folder of samples or questions. */
export const data = (help: Flag['help']) =>
  required(v.string('Name the data: a file, or a folder of them.'), {
    flags: [{ syntax: '--data <path>', help, isPath: true }],
  });

const stage = {
  /** A folder, `config.json`, a shard, `model.safetensors` or the index: all mean "this checkpoint". */
  path: v.string('A checkpoint is named by its path.'),
  /** Shown in figures; the folder's name when left out. */
  label: optional(text, { scope: 'view', flags: [] }),
  /** The text of a recipe that is no file: what it names is looked up from `path`, a folder. */
  recipe: v.optional(text),
};

/** The checkpoints of a request. @param what `stages`, `checkpoints` @param least `fewer` is said of fewer */
export function checkpoints<const More extends v.ObjectEntries>(
  what: string,
  more: More,
  flags: readonly Flag[],
  { least, fewer, ...notes }: { least: number; fewer: string } & Pick<Notes, 'only' | 'each'>,
) {
  return required(v.pipe(v.array(v.object({ ...stage, ...more }), LIST), v.minLength(least, fewer)), {
    noun: what,
    ...notes,
    flags: [
      {
        syntax: '--labels <names>',
        help: `names of the ${what}, comma-separated (default: folder names)`,
        read: (typed) => typed.split(','),
      },
      ...flags,
    ],
  });
}

/** The stages of a lineage, in its order. */
export const stages = () =>
  checkpoints('stages', {}, [], {
    least: 2,
    fewer: 'A comparison needs at least two checkpoints, in lineage order.',
  });

const THREADS = 'The number of threads must be a whole number of at least 1.';

/** How it runs: bytes the engine may hold at once, mapped file pages included; threads; the folder for runs. */
export const machine = ({
  memory = 'memory budget, such as 2GB (default: half of the machine)',
  threads = 'threads (default: all cores)',
  runs = 'where runs are kept, so that an interrupted one continues',
} = {}) => ({
  memory: optional(v.number('The memory budget is a number of bytes.'), {
    scope: 'machine',
    flags: [{ syntax: '--memory <size>', help: memory, read: typedSize }],
  }),
  threads: optional(v.pipe(v.number(THREADS), v.integer(THREADS), v.minValue(1, THREADS)), {
    scope: 'machine',
    flags: [{ syntax: '--threads <n>', help: threads, read: typedCount }],
  }),
  /** `…/.frankenstein`; nothing is stored when left out. */
  runsFolder: optional(text, {
    scope: 'machine',
    flags: [
      { syntax: '--runs <folder>', help: runs, isPath: true, default: '.frankenstein' },
      { syntax: '--no-runs', help: 'keep nothing on disk' },
    ],
    from: ({ runs: folder }) => (folder === false ? undefined : folder),
  }),
});

/** Names, comma-separated. */
export const names = (syntax: string, help: string, more: Omit<Notes, 'flags'> = {}) =>
  optional(texts, { ...more, flags: [{ syntax, help, read: typedNames }] });
