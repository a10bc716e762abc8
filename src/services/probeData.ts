/**
 * What a JSONL file seems to hold, from its first lines: enough to offer it, no more. The engine reads it in earnest.
 */
import { open, stat } from 'node:fs/promises';

export interface DataHint {
  /** Paired images of the paper's authors, or questions with answers. */
  format: 'pairs' | 'questions';
  tasks: string[];
  /** Some line names an image. */
  hasImages: boolean;
}

/** Bytes: some dozens of lines. */
const HEAD = 64 * 1024;

export async function sniffData(file: string): Promise<DataHint | undefined> {
  try {
    // A named pipe would wait for a writer for ever.
    if (!(await stat(file)).isFile()) return undefined;
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD), 0, HEAD, 0);
      return hintOf(buffer.toString('utf8', 0, bytesRead), bytesRead === HEAD);
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

/** `cut`: the last line may not be whole. */
export function hintOf(text: string, cut: boolean): DataHint | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const objects = (cut ? lines.slice(0, -1) : lines).flatMap((line): Record<string, unknown>[] => {
    try {
      const value: unknown = JSON.parse(line);
      if (typeof value !== 'object' || value === null) return [];
      return [value as Record<string, unknown>];
    } catch {
      return [];
    }
  });
  const has = (key: string) => objects.some((one) => typeof one[key] === 'string');
  const format = has('target_image') ? 'pairs' : has('answer_type') && has('prompt') ? 'questions' : undefined;
  if (format === undefined) return undefined;
  const tasks = [
    ...new Set(objects.flatMap((one) => (typeof one['task'] === 'string' ? [one['task'].slice(0, 40)] : []))),
  ];
  return {
    format,
    tasks: tasks.slice(0, 6),
    hasImages:
      format === 'pairs' || has('image') || objects.some((one) => Array.isArray(one['images'] ?? one['image'])),
  };
}
