/**
 * SQLite's write-ahead log, put into a copy of its database: a trainer at work leaves its latest steps there. The
 * format is SQLite's own (https://sqlite.org/fileformat2.html#walformat): frames of one page each, with running
 * checksums; what lies after the last frame that commits does not count.
 */

const HEADER = 32;
const FRAME = 24;
const MAGIC = 0x377f0682;
/** Bytes 18 and 19 of a database say whether it has such a log; with it, a database in memory cannot be opened. */
const MODES = [18, 19] as const;
const ROLLBACK = 1;

/** @returns a database without a log. `log` may be cut off, stale or damaged: its whole transactions count. */
export function withLog(database: Uint8Array, log: Uint8Array): Uint8Array {
  const { frames, pages, size } = committed(log);
  const whole = new Uint8Array(frames === 0 ? database.length : pages * size);
  whole.set(database.subarray(0, whole.length));
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
  for (let frame = 0; frame < frames; frame++) {
    const at = HEADER + frame * (FRAME + size);
    const begin = (view.getUint32(at) - 1) * size;
    // Pages beyond the size at the last commit were cut off by it.
    if (begin + size <= whole.length) whole.set(log.subarray(at + FRAME, at + FRAME + size), begin);
  }
  for (const mode of MODES) if (mode < whole.length) whole[mode] = ROLLBACK;
  return whole;
}

/** Frames that count, pages of the database after them, and bytes of a page. */
function committed(log: Uint8Array): { frames: number; pages: number; size: number } {
  const none = { frames: 0, pages: 0, size: 0 };
  if (log.length < HEADER) return none;
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
  const magic = view.getUint32(0);
  const size = view.getUint32(8);
  const isPage = size >= 512 && size <= 65536 && (size & (size - 1)) === 0;
  if ((magic & ~1) >>> 0 !== MAGIC || !isPage) return none;
  const sums = new Checksums(view, (magic & 1) === 0);
  sums.add(0, 24);
  if (!sums.are(24)) return none;
  let found = { ...none, size };
  for (let frame = 0; ; frame++) {
    const at = HEADER + frame * (FRAME + size);
    if (at + FRAME + size > log.length) return found;
    const isOfThisLog = view.getUint32(at + 8) === view.getUint32(16) && view.getUint32(at + 12) === view.getUint32(20);
    sums.add(at, 8);
    sums.add(at + FRAME, size);
    if (!isOfThisLog || view.getUint32(at) === 0 || !sums.are(at + 16)) return found;
    const pages = view.getUint32(at + 4);
    // A page number is at most the size of a database that fits into memory here.
    if (pages > 0 && pages * size < 2 ** 31) found = { frames: frame + 1, pages, size };
  }
}

class Checksums {
  private first = 0;
  private second = 0;

  constructor(
    private readonly view: DataView,
    private readonly littleEndian: boolean,
  ) {}

  add(begin: number, length: number): void {
    for (let at = begin; at < begin + length; at += 8) {
      this.first = (this.first + this.view.getUint32(at, this.littleEndian) + this.second) >>> 0;
      this.second = (this.second + this.view.getUint32(at + 4, this.littleEndian) + this.first) >>> 0;
    }
  }

  /** They are stored at `at`. */
  are(at: number): boolean {
    return this.view.getUint32(at) === this.first && this.view.getUint32(at + 4) === this.second;
  }
}
