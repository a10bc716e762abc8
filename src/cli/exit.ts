/** Exit codes: what a script can tell apart. Documented in `frankenstein --help`. */

export const EXIT_USAGE = 2;
const EXIT_DISK = 6;

const EXIT_CODES: Record<string, number> = {
  'bad-request': EXIT_USAGE,
  // Options that do not go together, which a command finds.
  'commander.invalidArgument': EXIT_USAGE,
  'not-found': 3,
  'no-base': 3,
  permission: 3,
  malformed: 3,
  'bad-line': 3,
  unsupported: 3,
  mismatch: 4,
  changed: 5,
  'disk-full': EXIT_DISK,
  'engine-lost': 7,
  unavailable: 8,
  'not-frozen': 9,
  'in-use': 10,
  cancelled: 130,
};

const OPEN_FILES = 'Too many files are open at once: raise the limit, for example with "ulimit -n 1024".';
const FULL = 'The disk is full: the output could not be written.';

/** What the operating system says wherever it likes: its code, our sentence, our exit code. */
const SYSTEM: Record<string, readonly [sentence: string, exit: number]> = {
  EMFILE: [OPEN_FILES, 3],
  ENFILE: [OPEN_FILES, 3],
  EFBIG: ['A file would become larger than the system or a limit (ulimit -f) allows.', EXIT_DISK],
  ENOSPC: [FULL, EXIT_DISK],
  EDQUOT: [FULL, EXIT_DISK],
};

/** Signals that end a command as Ctrl-C does, and the exit codes that shells expect then. */
export const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export const EXIT_CODES_HELP = `Exit codes:
  0    done
  1    a defect of this program
  2    wrong use: an unknown option, cuts outside the model, a memory budget that is too small
  3    a checkpoint or data set that cannot be read: not there, no permission, malformed, of another format, or too many
       files open at once
  4    checkpoints of different families
  5    a file changed while it was being read
  6    the disk is full, or a file becomes too large
  7    the engine process ended unexpectedly
  8    the language model that was chosen does not answer
  9    weights that should have stayed frozen moved
  10   the experiment is being trained already
  130  interrupted (143 by SIGTERM, 129 by SIGHUP)`;

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

/** The code of any error; errors from the engine process carry theirs across. */
export function exitCodeOf(error: unknown): number {
  const code = codeOf(error);
  return EXIT_CODES[code] ?? SYSTEM[code]?.[1] ?? 1;
}

/** The error in a sentence. */
export function sentenceOf(error: unknown): string {
  return SYSTEM[codeOf(error)]?.[0] ?? (error instanceof Error ? error.message : String(error));
}
