/** Sentences about files that could not be used, and names from files that nobody should trust. */
import { FrankensteinError } from '../errors.js';

/** An error of ours in place of what the operating system said about `path`. Errors of ours pass through. */
export function fileError(error: unknown, path: string): FrankensteinError {
  if (error instanceof FrankensteinError) return error;
  const code = systemCode(error);
  const cause = { cause: error };
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new FrankensteinError('not-found', `${shown(path)} does not exist.`, cause);
    case 'ENAMETOOLONG':
    case 'ERR_INVALID_ARG_VALUE':
      return new FrankensteinError('not-found', `${shown(path)} is no name that a file can have.`, cause);
    case 'ELOOP':
      return new FrankensteinError('not-found', `${shown(path)} is a link that leads back to itself.`, cause);
    case 'EACCES':
    case 'EPERM':
      return new FrankensteinError(
        'permission',
        `${shown(path)} may not be read by this user: check its permissions and those of the folders above it.`,
        cause,
      );
    default:
      return code === undefined
        ? new FrankensteinError('internal', `Reading ${shown(path)} failed: ${said(error)}`, cause)
        : new FrankensteinError('permission', `The operating system could not read ${shown(path)} (${code}).`, cause);
  }
}

/** The operating system's own codes, such as ENOENT. Node's (`ERR_STRING_TOO_LONG`) are not about permissions. */
function systemCode(error: unknown): string | undefined {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === 'ERR_INVALID_ARG_VALUE' || (typeof code === 'string' && /^E(?!RR_)[A-Z0-9]+$/.test(code))
    ? code
    : undefined;
}

export function malformed(file: string, why: string): FrankensteinError {
  return new FrankensteinError('malformed', `${shown(file)} ${why}`);
}

/** A path in a sentence: control characters, which could rewrite a terminal, made visible; absurd lengths cut. */
export function shown(path: string): string {
  const short = path.length > 400 ? `${path.slice(0, 200)}…${path.slice(-199)}` : path;
  return short.replace(UNPRINTABLE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

/**
 * What a library said of a file, as the end of a sentence: libraries quote the file, so it is printable, on one line,
 * cut to a few hundred characters, and ends in a stop.
 */
export function said(error: unknown): string {
  const message = shown((error instanceof Error ? error.message : String(error)).trim().replace(/\s+/g, ' '));
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

/** A name from inside a file in a sentence: quoted, printable, never longer than a line. */
export function quoted(name: string): string {
  return `"${shown(name.length > 120 ? `${name.slice(0, 117)}…` : name)}"`;
}

/** Control characters, and the marks that reverse the direction of text. */
// eslint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

export function thousands(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 tensor is`, `2 tensors are` */
export function counted(count: number, what: string, one: string, more: string): string {
  return `${thousands(count)} ${what}${count === 1 ? ` ${one}` : `s ${more}`}`;
}

/** The first three of names from inside a file. */
export function some(names: readonly string[]): string {
  return `${names.slice(0, 3).map(quoted).join(', ')}${names.length > 3 ? ', …' : ''}`;
}
