/** Exit codes: what a script can tell apart. Documented in `frankenstein --help`. */

export const EXIT_USAGE = 2;

const EXIT_CODES: Record<string, number> = {
  'bad-request': EXIT_USAGE,
  'not-found': 3,
  'no-base': 3,
  permission: 3,
  malformed: 3,
  'bad-line': 3,
  unsupported: 3,
  mismatch: 4,
  changed: 5,
  'disk-full': 6,
  'engine-lost': 7,
  cancelled: 130,
};

export const EXIT_CODES_HELP = `Exit codes:
  0    done
  1    a defect of this program
  2    wrong use: an unknown option, cuts outside the model, a memory budget that is too small
  3    a checkpoint or data set that cannot be read: not there, no permission, malformed, or of another format
  4    checkpoints of different families
  5    a file changed while it was being read
  6    the disk is full
  7    the engine process ended unexpectedly
  130  interrupted`;

/** The code of any error; errors from the engine process carry theirs across. */
export function exitCodeOf(error: unknown): number {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return (typeof code === 'string' ? EXIT_CODES[code] : undefined) ?? 1;
}
