/**
 * A file of lines that grows: every look reads only what was appended since the last one. A last line without its end
 * is read once it is whole. A file that was replaced, or written anew, is read from its beginning.
 */
import type { FileHandle } from 'node:fs/promises';
import { fileError, shown, thousands } from '../checkpoint/failure.js';
import { openRegular } from '../checkpoint/regular.js';
import { throwIfCancelled } from '../errors.js';
import path from 'node:path';

/** Bytes read at once. */
const CHUNK = 4 * 1024 * 1024;
/** Bytes before the position that must still be the same at the next look. */
const KNOWN = 64;
const NEWLINE = 0x0a;

export interface Line {
  bytes: Buffer;
  /** From 1. */
  number: number;
  /** Where it lies in the file, without its end. */
  begin: number;
  end: number;
}

export interface LineTaker {
  /** @returns what is wrong with the line, as the end of a sentence; null where it was used */
  take(line: Line): string | null;
  /** The file is another one: what was read of it no longer holds. */
  forget(): void;
}

export class AppendedLines {
  private position = 0;
  private lines = 0;
  private inode = -1;
  private known = Buffer.alloc(0);
  private bad: { count: number; first: number; why: string } | null = null;
  private unfinished = false;
  /** Inside a line that is longer than the limit. */
  private skipping = false;
  bytes = 0;

  /** @param limit bytes of the longest line that is used */
  constructor(
    readonly file: string,
    private readonly limit: number,
  ) {}

  /** What is wrong with the file, in a sentence. */
  get problem(): string | null {
    const name = shown(path.basename(this.file));
    const parts: string[] = [];
    if (this.bad !== null) {
      const { count, first, why } = this.bad;
      const lines = count === 1 ? `Line ${thousands(first)} of ${name}` : `${thousands(count)} lines of ${name}`;
      const where = count === 1 ? '' : ` (the first is ${thousands(first)})`;
      parts.push(`${lines}${where} ${count === 1 ? 'is' : 'are'} left out: ${why}`);
    }
    if (this.unfinished) parts.push(`The last line of ${name} is cut off, or still being written.`);
    return parts.length === 0 ? null : parts.join(' ');
  }

  /**
   * @returns whether anything was read. @throws `not-found`, `permission`, `cancelled`, `malformed` for no regular file
   */
  async read(taker: LineTaker, signal?: AbortSignal): Promise<boolean> {
    const handle = await openRegular(this.file);
    try {
      const { size, ino } = await handle.stat();
      const another = await this.isAnother(handle, size, ino);
      if (another) this.restart(taker);
      this.inode = ino;
      this.bytes = size;
      const before = this.position;
      const wasUnfinished = this.unfinished;
      await this.readOn(handle, size, taker, signal);
      return another || this.position !== before || this.unfinished !== wasUnfinished;
    } catch (error) {
      throw fileError(error, this.file);
    } finally {
      await handle.close();
    }
  }

  private async isAnother(handle: FileHandle, size: number, inode: number): Promise<boolean> {
    if (this.inode === -1) return false;
    if (inode !== this.inode || size < this.position) return true;
    const now = Buffer.alloc(this.known.length);
    await handle.read(now, 0, now.length, this.position - now.length);
    return !now.equals(this.known);
  }

  private restart(taker: LineTaker): void {
    this.position = this.lines = 0;
    this.known = Buffer.alloc(0);
    this.bad = null;
    this.unfinished = this.skipping = false;
    taker.forget();
  }

  private async readOn(handle: FileHandle, size: number, taker: LineTaker, signal?: AbortSignal): Promise<void> {
    let rest = Buffer.alloc(0);
    for (let at = this.position; at < size;) {
      throwIfCancelled(signal);
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK, size - at));
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) break; // shorter than it was
      at += bytesRead;
      rest = this.split(Buffer.concat([rest, chunk.subarray(0, bytesRead)]), taker);
      if (rest.length > this.limit) {
        this.refuse(this.lines + 1, `it has more than ${thousands(this.limit)} bytes.`);
        this.pass(rest, rest.length);
        this.skipping = true;
        rest = Buffer.alloc(0);
      }
    }
    // A whole object needs no line end: a trainer that has finished may write none.
    if (rest.length > 0 && !this.skipping && isWhole(rest)) {
      this.offer(rest, 0, rest.length, taker);
      this.pass(rest, rest.length);
      rest = Buffer.alloc(0);
    }
    this.unfinished = rest.length > 0 || this.skipping;
  }

  /** Takes every whole line. @returns what remains */
  private split(buffer: Buffer, taker: LineTaker): Buffer<ArrayBuffer> {
    let begin = 0;
    for (let end = buffer.indexOf(NEWLINE); end !== -1; end = buffer.indexOf(NEWLINE, begin)) {
      if (this.skipping) this.skipping = false;
      else this.offer(buffer, begin, end, taker);
      this.lines++;
      begin = end + 1;
    }
    this.pass(buffer, begin);
    return Buffer.from(buffer.subarray(begin));
  }

  private offer(buffer: Buffer, begin: number, end: number, taker: LineTaker): void {
    const number = this.lines + 1;
    const bytes = buffer.subarray(begin, end);
    if (bytes.length > this.limit) return this.refuse(number, `it has more than ${thousands(this.limit)} bytes.`);
    const why = taker.take({ bytes, number, begin: this.position + begin, end: this.position + end });
    if (why !== null) this.refuse(number, why);
  }

  private refuse(line: number, why: string): void {
    if (this.bad === null) this.bad = { count: 1, first: line, why };
    else this.bad.count++;
  }

  /** The first `length` bytes are done with. */
  private pass(buffer: Buffer, length: number): void {
    if (length === 0) return;
    this.position += length;
    const joined = Buffer.concat([this.known, buffer.subarray(Math.max(0, length - KNOWN), length)]);
    this.known = joined.subarray(Math.max(0, joined.length - KNOWN));
  }
}

function isWhole(bytes: Buffer): boolean {
  const text = bytes.toString('utf8').trim();
  if (!text.endsWith('}')) return false;
  try {
    JSON.parse(text.replace(/-?\b(?:NaN|Infinity)\b/g, '0'));
    return true;
  } catch {
    return false;
  }
}
