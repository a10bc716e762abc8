/** Cancel, retry, show what runs, and the log. */
import type { Job } from '../services/queue.js';
import { BACK, pickOne, showStatus } from '../services/screen.js';
import type { Services } from '../services/services.js';
import { ActiveNode } from '../views/runsTree.js';

export const progressCommands = {
  /**
   * The one whose row was pressed; the one in the panel in front; otherwise the only one; otherwise the one that is
   * picked.
   */
  async 'frankenstein.cancel'(services: Services, ...[row]: unknown[]) {
    if (row instanceof ActiveNode) return row.job.cancel();
    const inFront = services.panels.active;
    // An answer under way is no job, and a comparison's panel has two; the panel knows which is in front.
    if (inFront !== undefined && inFront.shownState === 'running') return inFront.cancel();
    (await pickActive(services, 'Cancel what?'))?.cancel();
  },

  'frankenstein.retry'({ panels }: Services) {
    panels.current?.retry();
  },

  async 'frankenstein.showProgress'(services: Services, ...[row]: unknown[]) {
    const job = row instanceof ActiveNode ? row.job : await pickActive(services, 'Show what?');
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

async function pickActive({ queue: { active } }: Services, placeholder: string): Promise<Job | undefined> {
  if (active.length === 0) showStatus('Nothing is running.');
  if (active.length <= 1) return active[0];
  const choices = active.map((job) => ({ label: job.title, value: job }));
  const picked = await pickOne({ title: 'Running Analyses', placeholder }, choices);
  return picked === BACK ? undefined : picked;
}
