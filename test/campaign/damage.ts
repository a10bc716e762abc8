/** Damage to files, decided by a seed: what the fuzz tests and the campaign have in common. */
import { uniform } from '../fixtures/checkpoints.js';

/** What a seed decides. */
export interface Dice {
  below: (limit: number) => number;
  pick: <T>(items: readonly T[]) => T;
}

export function dice(seed: number): Dice {
  const next = uniform(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  return { below, pick: (items) => items[below(items.length)]! };
}

const NUMBERS = [
  '-1',
  '0',
  '1',
  '7',
  '0.5',
  '-0',
  '1e308',
  '1e999',
  '1e3',
  '4294967296',
  '9007199254740991',
  '9007199254740992',
  '9223372036854775807',
  '18446744073709551615',
  '18446744073709551616',
  '99999999999999999999999999999999',
  'null',
  'true',
  '"1"',
  '[]',
  '{}',
  '',
  'NaN',
  '0x10',
];
const TEXTS = [
  '__proto__',
  'constructor',
  'hasOwnProperty',
  '__metadata__',
  '',
  '..',
  '../x.safetensors',
  '/etc/passwd',
  '/dev/zero',
  'C:\\\\x',
  '.',
  'x/../../y',
  '\\u0000',
  '\\ud800',
  '\\u001b[2J',
  'BF16',
  'F4',
  'F8_E8M0',
  'model.safetensors',
  'config.json',
  'model.layers.99999999.x',
  'model.layers.9999.x',
  'a'.repeat(300),
];
const FRAGMENTS = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '\\',
  '[[[[',
  '}}',
  '{"a":',
  '\u0000',
  '\ufeff',
  ' ',
  '"a":1,',
  '\\u0061',
  'é',
];

/**
 * One edit of JSON text (or of text like it), most of which keep it nearly valid so that the checks behind the parser
 * are reached.
 * @param own texts that are hostile in files of this kind
 */
export function damageText(text: string, { below, pick }: Dice, own: readonly string[] = []): string {
  const texts = own.length > 0 && below(2) === 0 ? own : TEXTS;
  const replaceOne = (pattern: RegExp, replacement: string) => {
    const matches = [...text.matchAll(pattern)];
    if (matches.length === 0) return text;
    const { index, 0: found } = pick(matches);
    return text.slice(0, index) + replacement + text.slice(index + found.length);
  };
  const at = below(text.length + 1);
  switch (below(8)) {
    case 0:
      return replaceOne(/\d+/g, pick(NUMBERS));
    case 1:
      return replaceOne(/(?<=")[^"]*(?=")/g, pick(texts));
    case 2:
      return text.slice(0, at) + pick(own.length > 0 && below(2) === 0 ? own : FRAGMENTS) + text.slice(at);
    case 3:
      return text.slice(0, at) + text.slice(at + 1 + below(40));
    case 4:
      return text.slice(0, at) + text.slice(at, at + 1 + below(200)).repeat(1 + below(3)) + text.slice(at);
    case 5: {
      // a member twice
      const members = [...text.matchAll(/"[^"]*":(?:"[^"]*"|\{[^{}]*\})/g)];
      if (members.length === 0) return text;
      const member = pick(members);
      return `${text.slice(0, member.index)}${member[0]},${text.slice(member.index)}`;
    }
    case 6:
      return replaceOne(
        /\[[^[\]]*\]/g,
        pick([
          '[]',
          '[0]',
          '[0,0]',
          '[1,2,3]',
          '[-1,1]',
          '[0,9007199254740993]',
          'null',
          '[[0,1]]',
          `[${'9,'.repeat(30)}9]`,
        ]),
      );
    default:
      return replaceOne(/\d+/g, String(below(300)));
  }
}

export function damageBytes(bytes: Buffer, { below, pick }: Dice): Buffer {
  switch (below(5)) {
    case 0: {
      // one bit
      const copy = Buffer.from(bytes);
      if (copy.length > 0) copy[below(copy.length)]! ^= 1 << below(8);
      return copy;
    }
    case 1:
      return bytes.subarray(0, below(bytes.length + 1));
    case 2:
      return Buffer.concat([bytes, Buffer.alloc(1 + below(64), below(256))]);
    case 3: {
      // a run of one byte
      const copy = Buffer.from(bytes);
      const at = below(copy.length + 1);
      return copy.fill(pick([0, 32, 34, 123, 255]), at, Math.min(copy.length, at + 1 + below(16)));
    }
    default: {
      const at = below(bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(16))]);
    }
  }
}

/** Of a safetensors file: its length field, its header with or without a corrected length, or its bytes. */
export function damageFile(bytes: Buffer, random: Dice): Buffer {
  const { below, pick } = random;
  const length = Number(bytes.readBigUInt64LE());
  const header = bytes.subarray(8, 8 + length).toString();
  const data = bytes.subarray(8 + length);
  const kind = below(10);
  if (kind === 0) {
    const copy = Buffer.from(bytes);
    copy.writeBigUInt64LE(
      pick([
        0n,
        1n,
        2n,
        7n,
        BigInt(length - 1),
        BigInt(length + 1),
        BigInt(length + data.length),
        BigInt(length + data.length + 1),
        100_000_001n,
        2n ** 31n,
        2n ** 32n,
        2n ** 53n,
        2n ** 63n,
        2n ** 64n - 1n,
        BigInt(below(2 ** 32)),
      ]),
    );
    return copy;
  }
  if (kind <= 2) return damageBytes(bytes, random);
  if (kind === 3)
    return Buffer.concat([bytes.subarray(0, 8), damageBytes(bytes.subarray(8, 8 + length), random), data]);
  let text = header;
  for (let edits = 1 + below(2); edits > 0; edits--) text = damageText(text, random);
  const encoded = Buffer.from(text);
  const newLength = Buffer.alloc(8);
  newLength.writeBigUInt64LE(BigInt(kind === 4 ? length : encoded.length));
  return Buffer.concat([newLength, encoded, data]);
}
