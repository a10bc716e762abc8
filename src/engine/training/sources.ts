/** Logs of every format: what each reads at a look, and what it has read so far. */
import path from 'node:path';
import { stat } from 'node:fs/promises';
import { malformed, shown, thousands } from '../checkpoint/failure.js';
import { readRange } from '../checkpoint/read.js';
import { AppendedLines, type Line, type LineTaker } from './lines.js';
import { flattened, parsePythonJson, stepOf } from './numbers.js';
import { Stream } from './stream.js';

/** Where the rows of a step's completions lie. */
export interface CompletionPlace {
  file: string;
  /** Bytes of one line; the whole file where there is none. */
  begin?: number;
  end?: number;
}

/** One log. */
export interface Source {
  readonly file: string;
  /** As people call it. */
  readonly format: string;
  /** Reads what is new. @returns whether there was anything. @throws what is wrong with the file */
  read(signal?: AbortSignal): Promise<boolean>;
  /** By name of a run; the empty name is the run of the folder that it lies in. */
  readonly streams: ReadonlyMap<string, Stream>;
  readonly completions: ReadonlyMap<number, readonly CompletionPlace[]>;
  readonly records: number;
  readonly bytes: number;
  /** What is wrong with parts of it, in a sentence. */
  readonly problem: string | null;
}

/** The run of the folder. */
export const OWN = '';
const NO_STREAMS: ReadonlyMap<string, Stream> = new Map();
const NO_COMPLETIONS: ReadonlyMap<number, CompletionPlace[]> = new Map();

/** Bytes of a trainer_state.json: 100,000 steps have some 100 MB. */
const LARGEST_STATE = 256 * 1024 * 1024;
/** Bytes of a line of numbers, and of a line of completions. */
const LONGEST_LINE = 4 * 1024 * 1024;
const LONGEST_COMPLETIONS = 64 * 1024 * 1024;

type Json = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `log_history` of transformers' trainer, which writes the file whole at every checkpoint. */
export class TrainerState implements Source {
  readonly format = 'trainer_state.json';
  readonly completions = NO_COMPLETIONS;
  private current = new Map<string, Stream>();
  private mark = '';
  bytes = 0;
  problem: string | null = null;

  constructor(readonly file: string) {}

  get streams(): ReadonlyMap<string, Stream> {
    return this.current;
  }

  get records(): number {
    return this.current.get(OWN)?.records ?? 0;
  }

  async read(signal?: AbortSignal): Promise<boolean> {
    const { size, mtimeMs, ino } = await stat(this.file);
    const mark = JSON.stringify([size, mtimeMs, ino]);
    if (mark === this.mark) return false;
    if (size > LARGEST_STATE)
      throw malformed(this.file, `has ${thousands(size)} bytes; the limit is ${thousands(LARGEST_STATE)}.`);
    const text = Buffer.from(await readRange(this.file, 0, size, signal)).toString('utf8');
    let state: unknown;
    try {
      state = parsePythonJson(text);
    } catch {
      // What was read of it before stays.
      throw malformed(this.file, 'is not valid JSON: it is damaged, or still being written.');
    }
    const history = isRecord(state) ? state['log_history'] : undefined;
    if (!Array.isArray(history)) throw malformed(this.file, 'has no log_history.');
    this.fill(history);
    this.mark = mark;
    this.bytes = size;
    return true;
  }

  private fill(history: readonly unknown[]): void {
    const stream = new Stream();
    let bad = 0;
    for (const entry of history) {
      const step = isRecord(entry) ? stepOf(entry['step']) : undefined;
      if (step === undefined) bad++;
      else stream.add(step, Object.entries(entry as Json));
    }
    this.current = new Map([[OWN, stream]]);
    this.problem =
      bad === 0
        ? limitOf(stream, this.file)
        : `${thousands(bad)} entries of log_history in ${shown(this.file)} have no step, and are left out.`;
  }
}

function limitOf(stream: Stream | undefined, file: string): string | null {
  return stream?.limit === null || stream === undefined ? null : `${shown(file)} ${stream.limit}`;
}

/** A line of numbers, as steps and values; a sentence where it is none. */
type ParseLine = (object: Json) => { step: number; entries: readonly (readonly [string, unknown])[] } | string;

const PARSERS = {
  'ms-swift logging.jsonl': (object) => {
    const step = stepOf(object['global_step/max_steps']) ?? stepOf(object['global_step']) ?? stepOf(object['step']);
    return step === undefined ? 'it has no step.' : { step, entries: Object.entries(object) };
  },
  'verl log': (object) => {
    const step = stepOf(object['step']);
    const { data } = object;
    return step === undefined || !isRecord(data) ? 'it has no step and data.' : { step, entries: flattened(data) };
  },
  'EasyR1 log': (object) => {
    const step = stepOf(object['step']);
    return step === undefined ? 'it has no step.' : { step, entries: flattened(object) };
  },
} satisfies Record<string, ParseLine>;

export type LineFormat = keyof typeof PARSERS;

/** A log with a line per step. */
export class LineLog implements Source {
  readonly completions = NO_COMPLETIONS;
  private readonly lines: AppendedLines;
  private readonly current = new Map<string, Stream>([[OWN, new Stream()]]);

  constructor(
    readonly file: string,
    readonly format: LineFormat,
  ) {
    this.lines = new AppendedLines(file, LONGEST_LINE);
  }

  get streams(): ReadonlyMap<string, Stream> {
    return this.current;
  }

  get records(): number {
    return this.current.get(OWN)!.records;
  }

  get bytes(): number {
    return this.lines.bytes;
  }

  get problem(): string | null {
    return this.lines.problem ?? limitOf(this.current.get(OWN), this.file);
  }

  read(signal?: AbortSignal): Promise<boolean> {
    const taker: LineTaker = {
      take: (line) => this.take(line),
      forget: () => void this.current.set(OWN, new Stream()),
    };
    return this.lines.read(taker, signal);
  }

  private take({ bytes }: Line): string | null {
    const object = objectIn(bytes);
    if (object === null || typeof object === 'string') return object;
    const parsed = PARSERS[this.format](object);
    if (typeof parsed === 'string') return parsed;
    this.current.get(OWN)!.add(parsed.step, parsed.entries);
    return null;
  }
}

/** Null for an empty line; a sentence where it is no object. */
function objectIn(bytes: Buffer): Json | string | null {
  const text = bytes.toString('utf8').trim();
  if (text === '') return null;
  try {
    const value = parsePythonJson(text);
    return isRecord(value) ? value : 'it is no JSON object.';
  } catch {
    return 'it is not valid JSON.';
  }
}

/** The step where ms-swift writes it first, so that the texts need not be parsed. */
const FIRST_STEP = /^\{"(?:gen_)?step":\s*\[?\s*"?(\d{1,15})"?[,\]\s]/;

/** ms-swift's completions: a line per log, with a list per column, or a line per completion. */
export class CompletionLines implements Source {
  readonly format = 'ms-swift completions.jsonl';
  readonly streams = NO_STREAMS;
  private readonly lines: AppendedLines;
  private readonly places = new Map<number, CompletionPlace[]>();
  private lastStep = -1;
  records = 0;

  constructor(readonly file: string) {
    this.lines = new AppendedLines(file, LONGEST_COMPLETIONS);
  }

  get completions(): ReadonlyMap<number, readonly CompletionPlace[]> {
    return this.places;
  }

  get bytes(): number {
    return this.lines.bytes;
  }

  get problem(): string | null {
    return this.lines.problem;
  }

  read(signal?: AbortSignal): Promise<boolean> {
    const taker: LineTaker = {
      take: (line) => this.take(line),
      forget: () => {
        this.places.clear();
        this.lastStep = -1;
        this.records = 0;
      },
    };
    return this.lines.read(taker, signal);
  }

  private take({ bytes, begin, end }: Line): string | null {
    const [, first] = FIRST_STEP.exec(bytes.toString('latin1', 0, 80)) ?? [];
    let step = stepOf(first);
    if (step === undefined) {
      const object = objectIn(bytes);
      if (object === null || typeof object === 'string') return object;
      const given = object['step'] ?? object['gen_step'];
      step = stepOf(Array.isArray(given) ? given[0] : given);
    }
    if (step === undefined) return 'it has no step.';
    const place = { file: this.file, begin, end };
    // After a restart a step is written again: the later lines count.
    if (step === this.lastStep) this.places.get(step)!.push(place);
    else this.places.set(step, [place]);
    this.lastStep = step;
    this.records++;
    return null;
  }
}

/** A folder with a file of completions per step: TRL's Parquet, verl's rollouts. */
export class StepFiles implements Source {
  readonly streams = NO_STREAMS;
  readonly problem = null;
  private places = new Map<number, CompletionPlace[]>();
  private mark = '';
  bytes = 0;

  /** @param file the folder */
  constructor(
    readonly file: string,
    readonly format: 'TRL completions' | 'verl rollouts',
    private files: readonly { step: number; name: string }[],
  ) {}

  get completions(): ReadonlyMap<number, readonly CompletionPlace[]> {
    return this.places;
  }

  get records(): number {
    return this.places.size;
  }

  /** What a later look found in the folder. */
  replace(files: readonly { step: number; name: string }[]): void {
    this.files = files;
  }

  read(): Promise<boolean> {
    const mark = this.files.map(({ name }) => name).join('\n');
    if (mark === this.mark) return Promise.resolve(false);
    this.mark = mark;
    this.places = new Map(this.files.map(({ step, name }) => [step, [{ file: path.join(this.file, name) }]]));
    return Promise.resolve(true);
  }
}
