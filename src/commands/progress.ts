/** Cancel, retry, show what runs, and the log. */
import * as vscode from 'vscode';
import type { Comparison } from '../services/comparisons.js';
import type { Services } from '../services/services.js';

export const progressCommands = {
  /** The one in the panel in front; otherwise the only one; otherwise the one that is picked. */
  async 'frankenstein.cancel'(services: Services) {
    const inFront = services.panels.active;
    const own = inFront && services.comparisons.find(inFront.request);
    (own ?? (await pickActive(services, 'Cancel which comparison?')))?.cancel();
  },

  'frankenstein.retry'({ panels }: Services) {
    panels.current?.start();
  },

  async 'frankenstein.showProgress'(services: Services) {
    const comparison = await pickActive(services, 'Show which comparison?');
    if (comparison !== undefined) services.panels.compare(comparison.request);
  },

  'frankenstein.showLog'({ log }: Services) {
    log.show();
  },

  'frankenstein.refresh'({ discovery, results }: Services) {
    discovery.refresh();
    results.refresh();
  },
};

async function pickActive({ comparisons: { active } }: Services, placeHolder: string): Promise<Comparison | undefined> {
  if (active.length === 0) vscode.window.setStatusBarMessage('No comparison is running.', 4000);
  if (active.length <= 1) return active[0];
  const items = active.map((comparison) => ({ label: comparison.title, comparison }));
  return (await vscode.window.showQuickPick(items, { placeHolder }))?.comparison;
}
