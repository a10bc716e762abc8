/** What files of data are known by: a run over others is another run. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { fileError } from '../checkpoint/failure.js';
import { openRegular } from '../checkpoint/regular.js';

/** SHA-256 of its bytes, hex. */
export async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  const handle = await openRegular(file);
  try {
    for await (const chunk of handle.createReadStream()) hash.update(chunk as Buffer);
  } catch (error) {
    throw fileError(error, file);
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}

/** An image that was replaced is another image. */
export async function factsOfImage(image: string): Promise<string> {
  const file = image.replace(/(\.parquet)#.*$/s, '$1');
  const { size, mtimeNs } = await stat(file, { bigint: true }).catch((error: unknown) =>
    Promise.reject(fileError(error, file)),
  );
  return `${image}\0${size}\0${mtimeNs}`;
}
