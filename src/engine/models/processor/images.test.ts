import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'vitest';
import { PNG } from 'pngjs';
import { crc32, deflateSync } from 'node:zlib';
import { type ErrorCode, FrankensteinError } from '../../errors.js';
import { seededRandom } from '../../numerics/sample.js';
import { decodeImage, readImage } from './decodeImage.js';
import { exifOrientation, upright } from './orientation.js';
import { type Orientation } from './image.js';
import { resize } from './resample.js';

const IMAGES = path.resolve('test/parity/processor/fixtures/pictures');
const bytesOf = (name: string) => new Uint8Array(readFileSync(path.join(IMAGES, name)));

async function refused(work: Promise<unknown>, code: ErrorCode, pattern: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof FrankensteinError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, pattern);
    assert.match(error.message, /^[^\n]*\.$/);
    return true;
  });
}

function chunk(kind: string, body: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(kind), body]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

/** A PNG whose header says one thing and whose data are another. */
function png(width: number, height: number, data: Uint8Array): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(data)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('image files', () => {
  it('are refused in one sentence when they are none, or of a kind that is not read', async () => {
    const of = (text: string) => decodeImage(Buffer.from(text.padEnd(40, '\0'), 'latin1'), 'x.png');
    await refused(decodeImage(new Uint8Array(0), 'x.png'), 'malformed', /^x\.png is empty\.$/);
    await refused(of('hello'), 'malformed', /^x\.png is no PNG, JPEG or WebP image\.$/);
    await refused(of('GIF89a'), 'unsupported', /^x\.png is a GIF file; PNG, JPEG and WebP/);
    await refused(of('\0\0\0\x1cftypavif'), 'unsupported', /AVIF or HEIC/);
    for (const video of ['\0\0\0\x20ftypisom', '\0\0\0\x20ftypqt  ', '\x1aE\xdf\xa3', 'RIFF\x10\0\0\0AVI LIST'])
      await refused(of(video), 'unsupported', /^x\.png is a video; models are given images here, not videos/);
    await refused(of('BM'), 'unsupported', /BMP/);
    await refused(of('II*\0'), 'unsupported', /TIFF/);
    await refused(readImage(path.join(IMAGES, 'missing.png')), 'not-found', /missing\.png does not exist/);
    await refused(readImage(tmpdir()), 'malformed', /is not a regular file/);
  });

  it('are refused when they are cut off or damaged, wherever', async () => {
    for (const name of readdirSync(IMAGES).filter(
      (file) => !file.startsWith('turned') && file !== 'large.jpg' && file !== 'one-pixel.png',
    )) {
      const whole = bytesOf(name);
      for (const fraction of [0.02, 0.2, 0.5, 0.9])
        await refused(
          decodeImage(whole.subarray(0, Math.max(16, Math.floor(whole.length * fraction))), name),
          'malformed',
          new RegExp(`^${name} is a damaged`),
        );
    }
    const jpeg = bytesOf('420.jpg');
    await refused(decodeImage(jpeg.subarray(0, jpeg.length - 2), 'x'), 'malformed', /damaged or truncated JPEG/);
    assert.equal((await decodeImage(jpeg, 'x')).width, 131); // a damaged image leaves no trace
  });

  it('never do worse than an error, whatever is in them', async () => {
    const random = seededRandom(11);
    for (const name of [
      'rgb.png',
      'palette.png',
      'interlaced.png',
      'progressive.jpg',
      '422.jpg',
      'turned-6.jpg',
      'lossy.webp',
      'lossless.webp',
      'alpha.webp',
      'turned.webp',
    ]) {
      const whole = bytesOf(name);
      for (let round = 0; round < 25; round++) {
        const bytes = whole.slice();
        for (let change = 0; change < 1 + round; change++)
          bytes[Math.floor(random() ** 2 * bytes.length)] = Math.floor(random() * 256);
        try {
          const image = await decodeImage(bytes, name);
          assert.equal(image.data.length, image.width * image.height * 3);
        } catch (error) {
          assert.ok(error instanceof FrankensteinError && error.code !== 'internal', `${name}: ${String(error)}`);
        }
      }
    }
  });

  it('are refused when they would fill the memory', async () => {
    await refused(
      decodeImage(png(60_000, 60_000, new Uint8Array(10)), 'x'),
      'malformed',
      /60,000 × 60,000 pixels; the limit is 89,478,485 pixels/,
    );
    await refused(decodeImage(png(0, 10, new Uint8Array(10)), 'x'), 'malformed', /0 × 10 pixels/);
    const bomb = png(2, 2, new Uint8Array(200_000_000));
    const before = process.memoryUsage().arrayBuffers;
    await refused(decodeImage(bomb, 'x'), 'malformed', /damaged or truncated PNG/);
    assert.ok(
      process.memoryUsage().arrayBuffers - before < 150_000_000,
      'no more is inflated than the header promises',
    );
    const cmyk = bytesOf('444.jpg');
    const frame = cmyk.findIndex((byte, at) => byte === 0xff && cmyk[at + 1] === 0xc0);
    cmyk[frame + 9] = 4;
    await refused(decodeImage(cmyk, 'x'), 'unsupported', /CMYK/);
    cmyk[frame + 4] = 12;
    await refused(decodeImage(cmyk, 'x'), 'unsupported', /12 bits/);
    const animated = bytesOf('alpha.webp');
    animated[20]! |= 2;
    await refused(decodeImage(animated, 'x'), 'unsupported', /animated WebP/);
  });

  it('survive Exif blocks that lead nowhere', () => {
    const block = (text: string) => exifOrientation(Buffer.from(text, 'latin1'));
    for (const text of [
      '',
      'II',
      'II*\0\x08\0\0\0',
      'II*\0\xff\xff\xff\xff',
      'II*\0\x08\0\0\0\xff\xff\x12\x01\x03\0',
      'MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x09\0\0',
    ])
      assert.equal(block(text), 1);
    assert.equal(block('MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0'), 6);
  });
});

describe('pixels', () => {
  it('are turned upright and back', () => {
    const image = { width: 3, height: 2, data: Uint8Array.from({ length: 18 }, (_, index) => index) };
    for (const [orientation, back] of [
      [2, 2],
      [3, 3],
      [4, 4],
      [5, 5],
      [6, 8],
      [7, 7],
      [8, 6],
    ] as [Orientation, Orientation][])
      assert.deepEqual(upright(upright(image, orientation), back), image);
    assert.deepEqual([...upright(image, 6).data.slice(0, 6)], [9, 10, 11, 0, 1, 2]);
  });

  it('keep their colour when a plain image is resized', () => {
    const plain = { width: 37, height: 21, data: new Uint8Array(37 * 21 * 3).fill(200) };
    for (const [width, height] of [
      [1, 1],
      [80, 3],
      [5, 90],
      [37, 21],
    ] as const) {
      const result = resize(plain, width, height, 'bicubic');
      assert.equal(result.data.length, width * height * 3);
      assert.ok(result.data.every((value) => value === 200));
    }
    assert.equal(resize(plain, 37, 21, 'bilinear'), plain);
  });

  it('of pngjs come back as they were', async () => {
    const source = new PNG({ width: 5, height: 4 });
    source.data.forEach((_, index) => (source.data[index] = index % 4 === 3 ? 255 : (index * 13) % 256));
    const image = await decodeImage(PNG.sync.write(source), 'x');
    assert.deepEqual(
      [...image.data],
      [...source.data].filter((_, index) => index % 4 !== 3),
    );
  });
});
