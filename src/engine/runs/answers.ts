/**
 * Answers that a checkpoint has given, kept for every later evaluation: `<runs folder>/answers/<id>.jsonl`, one line
 * per answer. The id is a hash of the checkpoint's content and of all that an answer depends on beside the question.
 */
import { constants } from 'node:fs';
import { open, readFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { explain, isLike, makeFolder, parseLines, runIdOf } from './store.js';

interface Line {
  key: string;
  text: string;
}

export class StoredAnswers {
  private constructor(
    readonly texts: Map<string, string>,
    private readonly folder: string,
    private readonly file: FileHandle,
  ) {}

  /** What is known so far. Lines that are not whole are skipped. */
  static async open(runsFolder: string, facts: object): Promise<StoredAnswers> {
    const folder = path.join(runsFolder, 'answers');
    return explain(folder, async () => {
      await makeFolder(runsFolder, folder);
      const file = await open(
        answersFile(runsFolder, facts),
        constants.O_RDWR | constants.O_CREAT | constants.O_APPEND,
      );
      const text = await readFile(file, 'utf8');
      if (text !== '' && !text.endsWith('\n')) await file.appendFile('\n'); // a kill cut the last line off
      return new StoredAnswers(textsOf(text), folder, file);
    });
  }

  /** What is known, without making a file. */
  static async peek(runsFolder: string, facts: object): Promise<Map<string, string>> {
    return textsOf(await readFile(answersFile(runsFolder, facts), 'utf8').catch(() => ''));
  }

  async add(key: string, text: string): Promise<void> {
    this.texts.set(key, text);
    await explain(this.folder, () => this.file.appendFile(`${JSON.stringify({ key, text } satisfies Line)}\n`));
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}

function answersFile(runsFolder: string, facts: object): string {
  return path.join(runsFolder, 'answers', `${runIdOf(facts)}.jsonl`);
}

function textsOf(lines: string): Map<string, string> {
  const isLine = (value: unknown): value is Line => isLike(value, { key: '', text: '' });
  return new Map(
    parseLines<unknown>(lines)
      .filter(isLine)
      .map(({ key, text }) => [key, text]),
  );
}
