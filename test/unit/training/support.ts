/** Folders of logs for the tests. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';

/** A folder that is gone after the tests of the file. */
export async function scratch(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'logs-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files below a folder, by their paths. */
export async function write(folder: string, files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), content);
  }
}

/** trainer_state.json with these entries. */
export function stateOf(history: readonly object[]): string {
  return JSON.stringify({ global_step: history.length, log_history: history });
}

/** Lines of ms-swift's log. */
export function swiftLines(entries: readonly (readonly [step: number, values: object])[]): string {
  return entries
    .map(([step, values]) => `${JSON.stringify({ ...values, 'global_step/max_steps': `${step}/100` })}\n`)
    .join('');
}
