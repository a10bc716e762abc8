/** The panel of an analysis that needs nothing of its own: one request, how far it is, and what came out. */
import { analysisOf } from '../engine/analyses/analyses.js';
import type { AnalysisName, ResultOf } from '../protocol/engineApi.js';
import type { AnalysisPanelRequest } from '../protocol/hostApi.js';
import { callOf, type JobRequest } from '../services/work.js';
import { JobPanel, type JobResult } from './jobPanel.js';

/** Of any analysis. */
export type Result = ResultOf<AnalysisName>;

export class AnalysisPanel extends JobPanel<AnalysisPanelRequest> {
  protected override readonly lost = 'The result is no longer on disk. Run it again?';

  protected override resultRun(): string | undefined {
    return this.state.kind === 'analysis' ? this.state.runId : undefined;
  }

  override begin(request: JobRequest): void {
    if (request.kind !== 'analysis' || request.run === undefined) return this.start();
    this.request = request;
    void this.restore();
  }

  start(): void {
    const { kind, analysis, request } = this.request;
    this.follow(this.services.queue.start({ kind, analysis, request }));
  }

  protected async showStored(): Promise<void> {
    const { analysis, run } = this.request;
    if (run === undefined) return this.offer('This run was interrupted. Continue?');
    const calls = this.services.engine as unknown as Record<string, (location: object) => Promise<Result>>;
    await this.show(await calls[callOf(analysisOf(analysis), 'read')]!(run));
  }

  protected async showJobResult(job: JobResult): Promise<void> {
    if (job.kind !== 'analysis') return;
    const { result, runsFolder } = job;
    if (runsFolder !== undefined)
      this.request = { ...this.request, run: { runsFolder, runId: result.provenance.runId } };
    await this.show(result);
  }

  protected async show(result: Result): Promise<void> {
    const { analysis } = this.request;
    const texts = await analysisOf(analysis).report();
    const { runId } = result.provenance;
    const report = texts.report(result, {});
    this.set({ kind: 'analysis', title: this.title, analysis, result, report, runId });
  }
}
