/** One panel of probes: what was asked, how far it is, and what came out. */
import type { ProbeResult } from '../protocol/engineApi.js';
import type { HostApi, ProbePanelRequest } from '../protocol/hostApi.js';
import { labelOf } from '../services/checkpointPath.js';
import { codeOf } from '../services/errors.js';
import { folderOfData, pictureBelow } from '../services/pictures.js';
import { checkpointsOf, keyOf } from '../services/queue.js';
import { REFUSED, savingApi } from './hostApi.js';
import { JobPanel, type JobResult } from './jobPanel.js';

export class ProbePanel extends JobPanel<ProbePanelRequest> {
  get key(): string {
    return keyOf(this.request);
  }

  get results(): readonly ProbeResult[] {
    return this.state.kind === 'probe' ? this.state.results : [];
  }

  start(): void {
    const { kind, probes } = this.request;
    this.follow(this.services.queue.start({ kind, probes }));
  }

  async restore(): Promise<void> {
    const active = this.services.queue.find(this.request);
    if (active !== undefined) return this.follow(active);
    const { runs } = this.request;
    if (runs === undefined) {
      this.offer('This probe was interrupted. Continue?');
      return;
    }
    try {
      this.showResults(await Promise.all(runs.map((run) => this.services.engine.readProbe(run))));
    } catch (error) {
      if (codeOf(error) === 'not-found') this.offer('The result of this probe is no longer on disk. Probe again?');
      else this.fail(error);
    }
  }

  showResults(results: ProbeResult[]): void {
    this.set({ kind: 'probe', title: this.title, results });
  }

  protected hostApi(): HostApi {
    return {
      ...REFUSED,
      ...savingApi(() => checkpointsOf(this.request).at(-1)?.path),
      ready: () => Promise.resolve(this.ready()),
      cancel: () => Promise.resolve(this.cancel()),
      retry: () => Promise.resolve(this.start()),
      skipBadLines: () => {
        this.request = { ...this.request, probes: this.request.probes.map((probe) => ({ ...probe, badLines: 'skip' as const })) };
        return Promise.resolve(this.start());
      },
      picture: async ({ result: index, sample: id, which }) => {
        const result = this.results[index];
        const name = result && pictureName(result, id, which);
        if (name === undefined || name === '') throw new Error('This sample has no such picture.');
        return pictureBelow(await folderOfData(result!.data), name);
      },
    };
  }

  protected labels(): string[] {
    return checkpointsOf(this.request).map(({ path: place, label }) => label ?? labelOf(place));
  }

  protected showJobResult(result: JobResult): void {
    if (result.kind !== 'probe') return;
    const { runsFolder } = result;
    if (runsFolder !== undefined) this.request = { ...this.request, runs: result.results.map(({ provenance }) => ({ runsFolder, runId: provenance.runId })) };
    this.showResults(result.results);
  }
}

function pictureName(result: ProbeResult, id: string, which: 'target' | 'source' | 'image'): string | undefined {
  switch (result.kind) {
    case 'swap': {
      const sample = result.samples.find((one) => one.id === id);
      return which === 'target' ? sample?.targetImage : which === 'source' ? sample?.sourceImage : undefined;
    }
    case 'attention':
      return which === 'image' ? result.samples.find((one) => one.id === id)?.image : undefined;
    case 'skip':
      return undefined;
  }
}
