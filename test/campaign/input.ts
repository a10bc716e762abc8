/** One damaged input: made by its seed, read, judged. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { FrankensteinError } from '../../src/engine/errors.js';
import { dice, type Dice } from './damage.js';
import { type Subject, SUBJECTS } from './subjects.js';

/** Codes that say that the input is at fault, or what it asks for. */
const REFUSALS = new Set(['malformed', 'unsupported', 'not-found', 'no-base', 'permission', 'mismatch', 'bad-line']);
REFUSALS.add('bad-request').add('changed');

/** A kind's input in a folder of its own, damaged and mended again. */
export class Damaged {
  private constructor(
    readonly subject: Subject,
    readonly folder: string,
    private readonly originals: ReadonlyMap<string, Buffer>,
  ) {}

  static async of(kind: string, root: string): Promise<Damaged> {
    const subject = SUBJECTS.find((one) => one.kind === kind);
    if (subject === undefined) throw new Error(`There is no kind "${kind}".`);
    const folder = path.join(root, kind);
    await mkdir(folder, { recursive: true });
    await subject.write(folder);
    const files = typeof subject.files === 'function' ? await subject.files(folder) : subject.files;
    const originals = new Map<string, Buffer>();
    for (const file of files) originals.set(file, await readFile(path.join(folder, file)));
    return new Damaged(subject, folder, originals);
  }

  /** As the seed says. Returns the dice, for what else there is to decide. */
  async damage(seed: number): Promise<Dice> {
    const random = dice(seed * 7919 + SUBJECTS.indexOf(this.subject));
    await this.mend();
    const file = random.pick([...this.originals.keys()]);
    await writeFile(path.join(this.folder, file), this.subject.damage(this.originals.get(file)!, random));
    return random;
  }

  async mend(): Promise<void> {
    await rm(path.join(this.folder, 'out'), { recursive: true, force: true });
    for (const [file, bytes] of this.originals) await writeFile(path.join(this.folder, file), bytes);
  }

  /** Reads it in this process: `read`, or the code of the refusal. @throws Error that says what is wrong with us */
  async read(seed: number): Promise<string> {
    await this.damage(seed);
    try {
      await this.subject.read(this.folder);
      return 'read';
    } catch (error) {
      if (!(error instanceof FrankensteinError)) throw error;
      if (!REFUSALS.has(error.code)) throw new Error(`code "${error.code}": ${error.message}`, { cause: error });
      if (error.message.length >= 2000)
        throw new Error(`a sentence of ${error.message.length} characters`, { cause: error });
      if (/\p{Cc}/u.test(error.message))
        throw new Error(`control characters in: ${JSON.stringify(error.message)}`, { cause: error });
      return error.code;
    }
  }
}
