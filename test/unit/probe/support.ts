/** A checkpoint and data sets of a size that probes get through in a moment. */
import { copyFile, cp, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createEngine } from '../../../src/engine/engine.js';

export const SAMPLES = path.resolve('samples');
export const engine = createEngine(path.resolve('dist/worker.mjs'));

export async function copyCheckpoint(to: string, name = 'base'): Promise<string> {
  await cp(path.join(SAMPLES, 'lineage', name), to, { recursive: true });
  return to;
}

/** The first lines of a sample file with their images. `edit` changes lines before they are written. */
export async function copyData(
  to: string,
  kind: 'probes' | 'eval',
  files: readonly string[],
  each: number,
  edit: (lines: string[]) => string[] = (lines) => lines,
): Promise<string> {
  await mkdir(path.join(to, 'images'), { recursive: true });
  const lines: string[] = [];
  for (const file of files) {
    const own = (await readFile(path.join(SAMPLES, kind, file), 'utf8')).split('\n').slice(0, each);
    for (const line of own) {
      const sample = JSON.parse(line) as Record<string, string>;
      for (const key of ['target_image', 'source_image', 'image'])
        if (sample[key]) await copyFile(path.join(SAMPLES, kind, sample[key]), path.join(to, sample[key]));
    }
    lines.push(...own);
  }
  const file = path.join(to, 'samples.jsonl');
  await writeFile(file, `${edit(lines).join('\n')}\n`);
  return file;
}

/** Overwrites the first values of a bf16 tensor with NaN. */
export async function poison(checkpoint: string, tensor: string): Promise<void> {
  const handle = await open(path.join(checkpoint, 'model.safetensors'), 'r+');
  try {
    const size = Buffer.alloc(8);
    await handle.read(size, 0, 8, 0);
    const length = Number(size.readBigUInt64LE());
    const json = Buffer.alloc(length);
    await handle.read(json, 0, length, 8);
    const header = JSON.parse(json.toString('utf8')) as Record<string, { data_offsets: [number, number] }>;
    const [begin] = header[tensor]!.data_offsets;
    await handle.write(Buffer.from([0xc0, 0x7f, 0xc0, 0x7f]), 0, 4, 8 + length + begin);
  } finally {
    await handle.close();
  }
}

/** Names in the file. */
export async function tensorsOf(checkpoint: string): Promise<string[]> {
  const bytes = await readFile(path.join(checkpoint, 'model.safetensors'));
  const length = Number(bytes.readBigUInt64LE(0));
  return Object.keys(JSON.parse(bytes.subarray(8, 8 + length).toString('utf8')) as object).filter(
    (name) => name !== '__metadata__',
  );
}
