/**
 * The protocol of an evaluation or a probe: how questions are put and which of them, beyond the defaults. Fields that
 * both have, and the schema of what results say of it.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { FrankensteinError } from '../../errors.js';
import { shown } from '../../checkpoint/failure.js';
import type { Protocol } from './protocolText.js';
import { count, optional, text, texts } from './field.js';
import { amount, text as word, texts as words } from './shape.js';
import { typedCount } from './typed.js';

/** A text for all checkpoints, or for the one of this label, role or path. */
export interface Worded {
  text: string;
  checkpoint?: string | undefined;
}

const worded = v.array(v.object({ text, checkpoint: v.optional(text) }), 'Give a list.');

/** More is no prompt. Characters. */
const MOST_CHARACTERS = 200_000;

/** `TEXT`, `@FILE`: a file's text is taken as it is, without the line break at its end. */
export function typedText(typed: string): string {
  const found = typed.startsWith('@') ? fileText(typed.slice(1)) : typed;
  if (found.trim() === '' || found.length > MOST_CHARACTERS)
    throw new FrankensteinError('bad-request', 'Give a text, or @ and the name of a file that holds one.');
  return found;
}

/** `TEXT`, `rl=TEXT`, `rl=@FILE`: of all checkpoints, or of one. */
export function typedWords(typed: string, before: readonly Worded[] = []): Worded[] {
  const [, name, rest] = /^([^\s=@]{1,60})=([\s\S]*)$/.exec(typed) ?? [];
  return [
    ...before,
    { text: typedText(name === undefined ? typed : rest!), ...(name === undefined ? {} : { checkpoint: name }) },
  ];
}

function fileText(name: string): string {
  try {
    return readFileSync(path.resolve(name), 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new FrankensteinError(
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'not-found' : 'permission',
      `${shown(name)} cannot be read as a text.`,
      { cause: error },
    );
  }
}

const pixels = (which: 'min' | 'max', help: string) =>
  optional(count('pixels'), { flags: [{ syntax: `--${which}-pixels <n>`, help, read: typedCount }] });

/** The fields of a request. All may be left out: then it is what it was without them. */
export const protocolFields = () => ({
  /** A system prompt. */
  system: optional(worded, {
    flags: [
      {
        syntax: '--system <text>',
        help:
          'system prompt: a text or @FILE; for one checkpoint with its label or role in front, such as ' +
          'rl=@FILE; may be repeated (default: what the chat template says)',
        read: typedWords,
      },
    ],
  }),
  /** Words before every question. */
  prefix: optional(worded, {
    flags: [
      {
        syntax: '--prefix <text>',
        help: 'words before every question, with an empty line between: as --system',
        read: typedWords,
      },
    ],
  }),
  minPixels: pixels('min', "least pixels of an image once it is scaled (default: the checkpoint's own)"),
  maxPixels: pixels('max', "most pixels of an image once it is scaled (default: the checkpoint's own)"),
  promptColumn: optional(text, {
    flags: [{ syntax: '--prompt-column <name>', help: "the column that asks, in place of the set's own" }],
  }),
  /** A YAML file. */
  mapping: optional(text, {
    flags: [
      {
        syntax: '--mapping <file>',
        help: 'YAML file that says which columns hold questions and answers, for sets that are not known',
        isPath: true,
      },
    ],
  }),
  /** Conditions on columns, all of which must hold. */
  where: optional(texts, {
    flags: [
      {
        syntax: '--where <condition>',
        help:
          'rows that meet it alone: metadata.category=general-vqa, level>=4, "subject in (Algebra, ' +
          'Geometry)"; several must all hold',
        read: (typed: string, before: string[] = []) => [...before, typed],
      },
    ],
  }),
  /** A file. */
  ids: optional(text, {
    flags: [
      {
        syntax: '--ids <file>',
        help: 'the questions that this list of ids names: one per line, or JSON Lines with "id"',
        isPath: true,
      },
    ],
  }),
  draw: optional(text, {
    flags: [
      {
        syntax: '--draw <draw>',
        help:
          "numpy:SEED draws the questions that NumPy's RandomState(SEED).choice without replacement draws; the " +
          'number is that of --samples',
      },
    ],
  }),
  first: optional(count('first questions'), {
    flags: [{ syntax: '--first <n>', help: 'the first so many of each set, in file order', read: typedCount }],
  }),
});

/** Names of these fields. A run's identity has them as `Protocol`, with the contents of the files they name. */
export const PROTOCOL_FIELDS = Object.keys(protocolFields()) as (keyof ReturnType<typeof protocolFields>)[];

const maybeWords = v.array(v.nullable(word));
const sampling = v.object({
  answers: amount,
  temperature: amount,
  topP: v.nullable(amount),
  topK: v.nullable(amount),
  seed: amount,
});

export const protocolSchema: v.GenericSchema<unknown, Protocol> = v.object({
  system: v.exactOptional(maybeWords),
  prefix: v.exactOptional(maybeWords),
  minPixels: v.exactOptional(amount),
  maxPixels: v.exactOptional(amount),
  promptColumn: v.exactOptional(word),
  mapping: v.exactOptional(v.object({ file: word, sha256: word })),
  where: v.exactOptional(words),
  ids: v.exactOptional(v.object({ file: word, sha256: word, count: amount })),
  draw: v.exactOptional(word),
  first: v.exactOptional(amount),
  sampling: v.exactOptional(sampling),
});
