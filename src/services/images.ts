/** Images for the webview: bytes with a media type, read only where they may be read. */
import { open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ImageBytes } from '../protocol/hostApi.js';

/** A photo straight from a camera stays below; what is above would stall the editor. Bytes. */
const MOST_BYTES = 40e6;

/** Images are named relative to the folder of the data, which may be a file or a folder of files. */
export async function folderOfData(data: string): Promise<string> {
  const isFolder = await stat(data).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
  return isFolder ? data : path.dirname(data);
}

/** An image that a data file names, which must lie below `folder`, links followed. */
export async function imageBelow(folder: string, name: string): Promise<ImageBytes> {
  const full = path.resolve(folder, name);
  const [root, real] = await Promise.all([resolved(folder), resolved(full)]);
  const inside = path.relative(root, real);
  if (inside === '' || inside.startsWith('..') || path.isAbsolute(inside))
    throw new Error(`"${name}" lies outside the folder of the data, so it is not shown.`);
  return readImage(real, name);
}

/** @throws a sentence when it is not there, too large, or no image. */
export async function readImage(file: string, name = path.basename(file)): Promise<ImageBytes> {
  // Before opening: a named pipe would wait for a writer for ever.
  const handle = await stat(file)
    .then((facts) => {
      if (!facts.isFile()) throw new Error(`"${name}" is no file.`);
      return open(file);
    })
    .catch((error: unknown) => {
      throw error instanceof Error && !('code' in error) ? error : sentence(error, name);
    });
  try {
    const facts = await handle.stat();
    if (facts.size > MOST_BYTES)
      throw new Error(`"${name}" is larger than ${MOST_BYTES / 1e6} MB, too large to be shown.`);
    return imageFrom(await handle.readFile(), name);
  } finally {
    await handle.close();
  }
}

/** @throws a sentence when it is no image. */
export function imageFrom(bytes: Uint8Array, name: string): ImageBytes {
  const type = mediaType(bytes);
  if (type === undefined) throw new Error(`"${name}" is no PNG, JPEG or WebP image.`);
  // A slice of its own: a pooled buffer would take its neighbours along.
  return { type, bytes: Uint8Array.from(bytes).buffer };
}

/** By its first bytes: a name says nothing. */
export function mediaType(bytes: Uint8Array): string | undefined {
  const ascii = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));
  if (bytes[0] === 0x89 && ascii(1, 4) === 'PNG') return 'image/png';
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'image/jpeg';
  if (ascii(0, 4) === 'RIFF' && ascii(8, 12) === 'WEBP') return 'image/webp';
  return undefined;
}

async function resolved(file: string): Promise<string> {
  return realpath(file).catch((error: unknown) => {
    throw sentence(error, path.basename(file));
  });
}

function sentence(error: unknown, name: string): Error {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code === 'ENOENT') return new Error(`"${name}" is not there any more.`, { cause: error });
  if (code === 'EACCES' || code === 'EPERM')
    return new Error(`There is no permission to read "${name}".`, { cause: error });
  return error instanceof Error ? error : new Error(String(error));
}
