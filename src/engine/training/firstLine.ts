/** What a JSONL file is where its name says nothing: its first line tells, and is looked at once. */
import { openRegular } from '../checkpoint/regular.js';

export type LineKind = 'verl log' | 'EasyR1 log' | 'verl rollouts';

/** Bytes that tell. */
const PEEK = 64 * 1024;

interface Seen {
  inode: number;
  kind: LineKind | null;
}

export class FirstLines {
  private readonly seen = new Map<string, Seen>();

  /** Null for what is none of a trainer's logs, cannot be read, or has no whole line yet. */
  async kindOf(file: string): Promise<LineKind | null> {
    const handle = await openRegular(file).catch(() => null);
    if (handle === null) return null;
    try {
      const { ino: inode } = await handle.stat();
      const before = this.seen.get(file);
      if (before?.inode === inode) return before.kind;
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(PEEK), 0, PEEK, 0);
      const text = buffer.toString('utf8', 0, bytesRead);
      const kind = kindOfLine(text.split('\n')[0]!);
      // A line that is still being written may tell more later.
      if (text.includes('\n') || bytesRead === PEEK) this.seen.set(file, { inode, kind });
      return kind;
    } catch {
      return null;
    } finally {
      await handle.close();
    }
  }
}

function kindOfLine(line: string): LineKind | null {
  if (/^\s*\{\s*"step"\s*:\s*\d+\s*,\s*"data"\s*:\s*\{/.test(line)) return 'verl log';
  if (/^\s*\{\s*"step"\s*:\s*\d+\s*,/.test(line)) return 'EasyR1 log';
  return /^\s*\{\s*"input"\s*:/.test(line) && /"output"\s*:/.test(line) ? 'verl rollouts' : null;
}
