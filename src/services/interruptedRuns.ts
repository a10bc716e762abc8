/** At the start, once for each: runs that an earlier session left unfinished, with Resume. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { resumeRun } from '../commands/runs.js';
import { formatProgress } from '../protocol/numbers.js';
import { messageOf } from './errors.js';
import type { Store } from './recentQuestions.js';
import type { FoundRun } from './resultsIndex.js';
import { showInformation } from './screen.js';
import type { Services } from './services.js';
import { runTitle } from './titles.js';

const KEY = 'frankenstein.toldInterrupted';
/** A journal that was written to so lately belongs to a run of another process. Milliseconds. */
const ALIVE = 60_000;

/** Never rejects: nobody waits for it. */
export async function tellInterrupted(services: Services, store: Store): Promise<void> {
  try {
    const told = store.get<unknown>(KEY);
    const known = new Set<unknown>(Array.isArray(told) ? told : []);
    const runs = (await services.results.list()).filter(({ state }) => state === 'interrupted');
    const fresh = runs.filter((run) => !known.has(run.runId) && !isAlive(run));
    if (fresh.length === 0) return;
    await store.update(
      KEY,
      runs.map(({ runId }) => runId),
    );
    const [first] = fresh;
    const message =
      fresh.length === 1
        ? `${runTitle(first!)} was interrupted at ${formatProgress(first!.done)}.`
        : `${fresh.length} runs were interrupted.`;
    const choice = await showInformation(message, fresh.length === 1 ? 'Resume' : 'Resume All');
    if (choice !== undefined) for (const run of fresh) await resumeRun(services, run);
  } catch (error) {
    services.log.error(messageOf(error));
  }
}

function isAlive({ folder }: FoundRun): boolean {
  const written = statSync(path.join(folder, 'journal.jsonl'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return Date.now() - written < ALIVE;
}
