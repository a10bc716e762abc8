/**
 * Leading directions beside a run's journal: float32 numbers, in a file of its own per process, as lines of the journal
 * say.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { explain } from '../../runs/store.js';
import type { VectorsSpan } from './track.js';

export class VectorsWriter {
  private handle: FileHandle | undefined;
  private written = 0;
  private queue: Promise<unknown> = Promise.resolve();
  private readonly file = `directions-${randomBytes(4).toString('hex')}.f32`;

  constructor(private readonly folder: string) {}

  /** @returns where they are, by the file's name in the folder. One call after the other is served. */
  append(vectors: Float32Array, count: number): Promise<VectorsSpan> {
    const place = { file: this.file, first: this.written, count };
    this.written += vectors.length;
    const done = this.queue.then(() =>
      explain(this.folder, async () => {
        this.handle ??= await open(path.join(this.folder, this.file), 'wx');
        await this.handle.appendFile(new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength));
      }),
    );
    this.queue = done.catch(() => undefined);
    return done.then(() => place);
  }

  async close(): Promise<void> {
    await this.queue;
    await this.handle?.close();
  }
}
