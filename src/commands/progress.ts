/** Cancel, retry, show what runs, and the log. */
import * as vscode from 'vscode';
import { requestKey } from '../services/checkpointPath.js';
import type { Job } from '../services/queue.js';
import type { Services } from '../services/services.js';

export const progressCommands = {
  /** The one in the panel in front; otherwise the only one; otherwise the one that is picked. */
  async 'frankenstein.cancel'(services: Services) {
    const inFront = services.panels.active;
    // An answer under way is no job; its panel knows.
    if (inFront?.request.kind === 'try') return inFront.cancel();
    // A comparison's panel shows the spectra of its stages too.
    const own =
      inFront &&
      services.queue.active.find(
        ({ key, request }) =>
          key === inFront.key || (request.kind === 'spectrum' && requestKey(request.stages) === inFront.key),
      );
    (own ?? (await pickActive(services, 'Cancel what?')))?.cancel();
  },

  'frankenstein.retry'({ panels }: Services) {
    panels.current?.start();
  },

  async 'frankenstein.showProgress'(services: Services) {
    const job = await pickActive(services, 'Show what?');
    if (job !== undefined) services.panels.open(job.request);
  },

  'frankenstein.showLog'({ log }: Services) {
    log.show();
  },

  'frankenstein.refresh'({ discovery, results }: Services) {
    discovery.refresh();
    results.refresh();
  },
};

async function pickActive({ queue: { active } }: Services, placeHolder: string): Promise<Job | undefined> {
  if (active.length === 0) vscode.window.setStatusBarMessage('Nothing is running.', 4000);
  if (active.length <= 1) return active[0];
  const items = active.map((job) => ({ label: job.title, job }));
  return (await vscode.window.showQuickPick(items, { placeHolder }))?.job;
}
