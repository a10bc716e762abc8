/**
 * Which line of `model.safetensors.index.json` names which tensor. One look per line, nothing is parsed as JSON: an
 * index of 50,000 lines is read in slices, and an edit costs the lines it touches.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const TAB = 0x09;

/** One change of a text, in the lines before it. */
export interface LineEdit {
  startLine: number;
  endLine: number; // inclusive
  /** Lines of the text that replaces them. */
  lines: number;
}

/** An edit that brings more lines than this starts the reading anew. */
const MOST_ADDED = 5000;

export class TensorLines {
  /** Name on disk by line; undefined where the line names none. */
  private names: (string | undefined)[];
  private scannedTo = 0;
  /** Lines looked at since the beginning. What the tests count. */
  looked = 0;
  /** Counts up whenever a name may have moved. */
  version = 0;

  constructor(lineCount: number) {
    this.names = new Array<string | undefined>(lineCount);
  }

  get complete(): boolean {
    return this.scannedTo >= this.names.length;
  }

  get lineCount(): number {
    return this.names.length;
  }

  nameAt(line: number): string | undefined {
    return this.names[line];
  }

  /** Looks at the next `most` lines. */
  advance(lineAt: (line: number) => string, most: number): void {
    const end = Math.min(this.names.length, this.scannedTo + most);
    this.scan(this.scannedTo, end, lineAt);
    this.scannedTo = end;
  }

  /** `lineAt` reads the text after all edits. */
  edit(edits: readonly LineEdit[], lineAt: (line: number) => string): void {
    let shift = 0;
    for (const { startLine, endLine, lines } of [...edits].sort((a, b) => a.startLine - b.startLine)) {
      if (lines > MOST_ADDED) {
        this.restart(edits);
        return;
      }
      const start = startLine + shift;
      const removed = endLine - startLine + 1;
      this.names.splice(start, removed, ...new Array<undefined>(lines));
      shift += lines - removed;
      if (start < this.scannedTo) {
        // What was beyond the edit keeps its place relative to it.
        this.scannedTo = Math.max(start + lines, this.scannedTo + lines - removed);
        this.scan(start, start + lines, lineAt);
      }
    }
    this.version++;
  }

  private restart(edits: readonly LineEdit[]): void {
    // Some edits may be applied already; the lines are counted from the beginning.
    const added = edits.reduce((sum, { startLine, endLine, lines }) => sum + lines - (endLine - startLine + 1), 0);
    this.names = new Array<string | undefined>(this.names.length + added);
    this.scannedTo = 0;
    this.version++;
  }

  private scan(start: number, end: number, lineAt: (line: number) => string): void {
    for (let line = start; line < end; line++) this.names[line] = tensorNameOf(lineAt(line));
    this.looked += Math.max(0, end - start);
    this.version++;
  }
}

/**
 * The tensor's name when the line is `"name": "….safetensors"`, a comma or not. Anything else, several pairs in one
 * line among it, is undefined.
 */
export function tensorNameOf(line: string): string | undefined {
  const name = stringAt(line, skipBlanks(line, 0));
  if (name === undefined) return undefined;
  let at = skipBlanks(line, name.end);
  if (line[at] !== ':') return undefined;
  at = skipBlanks(line, at + 1);
  const shard = stringAt(line, at);
  if (shard === undefined || !line.startsWith('.safetensors"', shard.end - '.safetensors"'.length)) return undefined;
  at = skipBlanks(line, shard.end);
  if (line[at] === ',') at = skipBlanks(line, at + 1);
  if (at < line.length) return undefined;
  return name.escaped ? unescaped(line.slice(name.start, name.end)) : line.slice(name.start + 1, name.end - 1);
}

interface StringSpan {
  /** With the quotes. */
  start: number;
  end: number; // exclusive
  escaped: boolean;
}

function stringAt(line: string, start: number): StringSpan | undefined {
  if (line.charCodeAt(start) !== QUOTE) return undefined;
  let escaped = false;
  for (let at = start + 1; at < line.length; at++) {
    const code = line.charCodeAt(at);
    if (code === QUOTE) return { start, end: at + 1, escaped };
    if (code === BACKSLASH) {
      escaped = true;
      at++;
    }
  }
  return undefined;
}

function skipBlanks(line: string, from: number): number {
  let at = from;
  for (let code = line.charCodeAt(at); code === SPACE || code === TAB || code === 0x0d; code = line.charCodeAt(at))
    at++;
  return at;
}

function unescaped(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined;
  }
}
