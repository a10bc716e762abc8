/** One panel of probes: what was asked, how far it is, and what came out. */
import { declared } from '../engine/analyses/probe/kinds/declared.js';
import type { ProbeResult } from '../protocol/engineApi.js';
import type { HostApi, ProbePanelRequest } from '../protocol/hostApi.js';
import { folderOfData, imageBelow } from '../services/images.js';
import { JobPanel, type JobResult } from './jobPanel.js';

export class ProbePanel extends JobPanel<ProbePanelRequest> {
  protected override readonly lost = 'The result of this probe is no longer on disk. Probe again?';

  get results(): readonly ProbeResult[] {
    return this.state.kind === 'probe' ? this.state.results : [];
  }

  protected override resultRun(): string | undefined {
    return this.results[0]?.provenance.runId;
  }

  start(): void {
    const { kind, probes } = this.request;
    this.follow(this.services.queue.start({ kind, probes }));
  }

  showResults(results: ProbeResult[]): void {
    this.set({ kind: 'probe', title: this.title, results });
  }

  protected override hostApi(): HostApi {
    return {
      ...super.hostApi(),
      skipBadLines: () => {
        this.request = {
          ...this.request,
          probes: this.request.probes.map((probe) => ({ ...probe, badLines: 'skip' as const })),
        };
        return Promise.resolve(this.start());
      },
      sampleImage: async ({ result: index, sample: id, which, index: image = 0 }) => {
        const result = this.results[index];
        const name = result && declared(result.kind).image?.(result, id, which, image);
        if (name === undefined || name === '') throw new Error('This sample has no such image.');
        return imageBelow(await folderOfData(result!.data), name);
      },
    };
  }

  protected async showStored(): Promise<void> {
    const { runs } = this.request;
    if (runs === undefined) this.offer('This probe was interrupted. Continue?');
    else this.showResults(await Promise.all(runs.map((run) => this.services.engine.readProbe(run))));
  }

  protected showJobResult(result: JobResult): void {
    if (result.kind !== 'probe') return;
    const { runsFolder } = result;
    if (runsFolder !== undefined)
      this.request = {
        ...this.request,
        runs: result.results.map(({ provenance }) => ({ runsFolder, runId: provenance.runId })),
      };
    this.showResults(result.results);
  }
}
