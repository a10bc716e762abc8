/**
 * The safetensors format: u64 header length, JSON header, then the tensors' bytes without gap or overlap. Reads the
 * header alone. Source: https://github.com/huggingface/safetensors, whose checks this makes too, and a few more.
 */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { DTYPE_BYTES, dtypeOf } from './decode.js';
import { malformed, quoted, thousands } from './failure.js';
import { parseStrictJson } from './json.js';
import { readFully } from './read.js';

/**
 * Longest header that is read, in bytes. The reference implementation refuses longer ones too, so no file it wrote has
 * one; 50,000 tensors need about 7 MB.
 */
export const HEADER_LIMIT = 100_000_000;

/** Tensors in one file, a hundred times what the largest published checkpoints have. Three keys and a name each. */
const TENSOR_LIMIT = 1_000_000;

/** Header → tensor → array. */
const HEADER_DEPTH = 3;

/** The u64 in front of the header. */
const LENGTH_BYTES = 8;

/** Bits per element of the format's dtypes whose values are not read here. */
const UNREAD_BITS: Readonly<Record<string, number>> = {
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  C64: 64,
};

export interface HeaderTensor {
  name: string;
  /** As the file spells it: a `Dtype`, or one that is not read here. */
  dtype: string;
  shape: number[];
  /** Elements. */
  size: number;
  /** Absolute byte offsets in the file. */
  begin: number;
  end: number; // exclusive
}

export interface Header {
  /** By offset. */
  tensors: HeaderTensor[];
  metadata: Record<string, string>;
  /** SHA-256 of the JSON, hex. */
  hash: string;
}

/**
 * The header of an open file of `fileBytes` bytes; `file` names it in messages.
 * @throws `malformed`
 */
export async function readHeader(
  handle: FileHandle,
  file: string,
  fileBytes: number,
  signal?: AbortSignal,
): Promise<Header> {
  if (fileBytes < LENGTH_BYTES)
    throw malformed(
      file,
      `is truncated: it has ${fileBytes} bytes, and a safetensors file begins with ${LENGTH_BYTES} that give its ` +
        `header's length.`,
    );
  const start = await readFully(handle, file, 0, Math.min(fileBytes, 64), signal);
  // Git LFS leaves this text where the weights should be when they were not fetched.
  if (Buffer.from(start).toString('latin1').startsWith('version https://git-lfs')) {
    throw malformed(file, 'is a Git LFS pointer, not the weights: run "git lfs pull" in its folder.');
  }
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  if (length > BigInt(fileBytes - LENGTH_BYTES)) {
    throw malformed(
      file,
      `is truncated or no safetensors file: its header is said to have ${length.toLocaleString('en-US')} bytes, ` +
        `the file has ${thousands(fileBytes)}.`,
    );
  }
  if (length > BigInt(HEADER_LIMIT)) {
    throw malformed(
      file,
      `has a header of ${length.toLocaleString('en-US')} bytes; the limit is ${thousands(HEADER_LIMIT)}.`,
    );
  }
  const dataStart = LENGTH_BYTES + Number(length);
  return parseHeader(await readFully(handle, file, LENGTH_BYTES, dataStart, signal), file, dataStart, fileBytes);
}

/**
 * Parses and checks the JSON. `dataStart` and `fileBytes` are absolute byte offsets of the tensors' bytes and their
 * end.
 */
export function parseHeader(json: Uint8Array, file: string, dataStart: number, fileBytes: number): Header {
  let text: string;
  try {
    // The marker of byte order counts as text here, so that a header with one is refused as the reference does.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json);
  } catch {
    throw malformed(file, 'has a header that is not UTF-8 text.');
  }
  const header = parseStrictJson(text, file, 'header', {
    depth: HEADER_DEPTH,
    keys: 4 * TENSOR_LIMIT,
    elements: 8 * TENSOR_LIMIT,
  });
  if (!isObject(header)) throw malformed(file, 'has a header that is not a JSON object.');
  let metadata: Record<string, string> = {};
  const tensors: HeaderTensor[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') metadata = parseMetadata(entry, file);
    else tensors.push(parseTensor(name, entry, file, dataStart));
  }
  if (tensors.length > TENSOR_LIMIT)
    throw malformed(file, `lists ${thousands(tensors.length)} tensors; the limit is ${thousands(TENSOR_LIMIT)}.`);
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(tensors, file, dataStart, fileBytes);
  return { tensors, metadata, hash: createHash('sha256').update(json).digest('hex') };
}

function parseMetadata(entry: unknown, file: string): Record<string, string> {
  if (!isObject(entry) || Object.values(entry).some((value) => typeof value !== 'string')) {
    throw malformed(file, 'has a header whose __metadata__ is not an object of strings.');
  }
  return entry as Record<string, string>;
}

function parseTensor(name: string, entry: unknown, file: string, dataStart: number): HeaderTensor {
  if (name === '__proto__')
    throw malformed(
      file,
      'names a tensor "__proto__", which no model does and which can corrupt programs that read it.',
    );
  if (!isObject(entry))
    throw malformed(file, `describes the tensor ${quoted(name)} by something other than an object.`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string') throw malformed(file, `gives no dtype for the tensor ${quoted(name)}.`);
  if (!isNumbers(shape)) throw malformed(file, `gives no shape for the tensor ${quoted(name)}.`);
  if (!isNumbers(offsets) || offsets.length !== 2)
    throw malformed(file, `gives no pair of data_offsets for the tensor ${quoted(name)}.`);
  for (const number of [...shape, ...offsets]) {
    // Beyond 2⁵³ JavaScript's numbers skip integers, and no file is that long.
    if (!Number.isSafeInteger(number) || number < 0) {
      throw malformed(
        file,
        `gives the tensor ${quoted(name)} the number ${number} in its shape or offsets; ` +
          'these are whole numbers from 0 to 2^53 − 1.',
      );
    }
  }
  const size = shape.includes(0) ? 0 : shape.reduce((product, dimension) => product * dimension, 1);
  const [begin, end] = offsets as [number, number];
  if (begin > end)
    throw malformed(file, `gives the tensor ${quoted(name)} offsets that run backwards (${begin} to ${end}).`);
  const bits = bitsOf(dtype);
  const bytes = bits === undefined ? end - begin : (size * bits) / 8;
  // A product beyond 2⁵³ is rounded, but so much larger than any file that it cannot equal a length by accident.
  if (bytes !== end - begin) {
    throw malformed(
      file,
      `gives the tensor ${quoted(name)} ${thousands(end - begin)} bytes, ` +
        `but ${dtype} of shape [${shape.slice(0, 16).join(', ')}] takes ` +
        `${Number.isInteger(bytes) ? thousands(bytes) : `${bytes}, which is no whole number`}.`,
    );
  }
  return { name, dtype, shape, size, begin: dataStart + begin, end: dataStart + end };
}

/** Bits per element; undefined for a dtype that the format had not when this was written. */
function bitsOf(spelling: string): number | undefined {
  const dtype = dtypeOf(spelling);
  if (dtype !== undefined) return 8 * DTYPE_BYTES[dtype];
  return Object.hasOwn(UNREAD_BITS, spelling) ? UNREAD_BITS[spelling] : undefined;
}

/** The tensors, by offset, must cover the bytes after the header exactly once. */
function checkCoverage(tensors: readonly HeaderTensor[], file: string, dataStart: number, fileBytes: number): void {
  let covered = dataStart;
  let previous: string | undefined;
  for (const { name, begin, end } of tensors) {
    if (end > fileBytes) {
      throw malformed(
        file,
        `is truncated, or its offsets are wrong: the tensor ${quoted(name)} ends at byte ${thousands(end)}, ` +
          `past the end of the file (${thousands(fileBytes)} bytes).`,
      );
    }
    if (begin < covered)
      throw malformed(file, `has overlapping tensors: ${quoted(name)} begins inside ${quoted(previous ?? '')}.`);
    if (begin > covered)
      throw malformed(file, `has a gap of ${thousands(begin - covered)} bytes before the tensor ${quoted(name)}.`);
    covered = end;
    previous = name;
  }
  if (covered < fileBytes)
    throw malformed(
      file,
      `has a gap at its end: ${thousands(fileBytes - covered)} bytes after the last tensor belong to none.`,
    );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}
