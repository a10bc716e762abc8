/** One comparison's panel: a request, and what there is to show of it. */
import type { CompareResult } from '../protocol/engineApi.js';
import { formatProgress } from '../protocol/numbers.js';
import { recut } from '../protocol/recut.js';
import type { ComparePanelRequest, SpectrumState, HostApi, PanelState } from '../protocol/hostApi.js';
import { labelsOf } from '../services/checkpointPath.js';
import type { JobRequest } from '../services/work.js';
import { SpectrumTab, type SpectrumOwner } from './spectrum.js';
import { comparisonApi } from './hostApi.js';
import { JobPanel, type JobResult } from './jobPanel.js';

export class ComparePanel extends JobPanel<ComparePanelRequest> implements SpectrumOwner {
  readonly spectrum = new SpectrumTab(this, this.services);

  get result(): CompareResult | undefined {
    return this.state.kind === 'compare' ? this.state.result : undefined;
  }

  /** Which tab is in front in the webview. */
  private tab: 'comparison' | 'spectrum' = 'comparison';

  /** The kind is what its first tab says; the checkpoints are its title. */
  override get title(): string {
    return this.labels().join(' → ');
  }

  override get shownState(): string {
    return this.tab === 'spectrum' ? this.spectrum.shownState : super.shownState;
  }

  override get shownRun(): string | undefined {
    return this.tab === 'spectrum' ? this.request.spectrum?.runId : super.shownRun;
  }

  protected override resultRun(): string | undefined {
    return this.result?.provenance.runId;
  }

  showTab(tab: 'comparison' | 'spectrum'): void {
    this.tab = tab;
    this.stateChanged();
  }

  override retry(): void {
    if (this.tab === 'spectrum') this.spectrum.retry();
    else super.retry();
  }

  override cancel(): void {
    if (this.tab === 'spectrum') this.spectrum.cancel();
    else super.cancel();
  }

  start(): void {
    this.follow(this.services.queue.start(this.request));
  }

  override begin(request: JobRequest): void {
    if (request.kind !== 'spectrum') return this.start();
    this.revealSpectrum();
    this.spectrum.follow(this.services.queue.start(request));
  }

  override offerWork(request: JobRequest, runId: string | undefined): void {
    if (request.kind === 'spectrum') this.revealSpectrum();
    else super.offerWork(request, runId);
  }

  /** Keeps its own request: where this panel was cut, and its spectrum. */
  override async showFinished(_request: JobRequest, result: JobResult): Promise<void> {
    if (result.kind === 'spectrum') {
      this.revealSpectrum();
      await this.spectrum.show(result.result, result.runsFolder);
    }
    if (result.kind !== 'compare') return;
    const { runId } = result.result.provenance;
    if (this.resultRun() !== runId) await this.showResult(result.result);
    this.services.results.prefer(runId);
  }

  /** Brings the Spectrum tab to the front. The comparison beside it is not started unasked. */
  private revealSpectrum(): void {
    if (this.isNew) void this.restore();
    void this.spectrum.reveal();
  }

  override ready(): PanelState {
    const state = super.ready();
    setImmediate(() => void this.spectrum.deliver());
    return state;
  }

  /** Shows a finished comparison, cut where this panel was last cut. */
  showResult(result: CompareResult): Promise<void> {
    const cuts = this.request.cuts;
    const shown = cuts === undefined || String(cuts) === String(result.cuts) ? result : recut(result, cuts);
    this.set({ kind: 'compare', title: this.title, result: shown });
    this.services.results.prefer(result.provenance.runId);
    return Promise.resolve();
  }

  /**
   * Follows the webview, which has moved the borders itself: nothing is sent back. Throws where the cuts do not fit.
   */
  setCuts(cuts: [number, number]): Promise<void> {
    if (this.state.kind !== 'compare') return Promise.resolve();
    this.state = { ...this.state, result: recut(this.state.result, cuts) };
    this.request = { ...this.request, cuts };
    this.spectrum.setCuts(cuts);
    this.stateChanged();
    return Promise.resolve();
  }

  stageLabels(): string[] {
    return this.labels();
  }

  async sendSpectrum(state: SpectrumState, front: boolean): Promise<void> {
    if (!this.view.visible) throw new Error('The panel is hidden.');
    await this.surface.connection.remote.spectrum({ state, front });
  }

  requestChanged(): void {
    this.surface.push();
  }

  override runDeleted(runId: string): void {
    super.runDeleted(runId);
    this.spectrum.runDeleted(runId);
  }

  protected override labels(): string[] {
    const labels = labelsOf(this.request.stages.map((stage) => stage.path));
    return this.request.stages.map((stage, i) => stage.label ?? labels[i]!);
  }

  protected override hostApi(): HostApi {
    return { ...super.hostApi(), ...comparisonApi(this, this.services) };
  }

  protected async showStored(): Promise<void> {
    const run = await this.services.results.ofStages('compare', this.request.stages);
    if (run === undefined) this.offer('Not compared yet.', 'not-compared');
    else if (run.state === 'finished') await this.showResult(await this.services.results.read('compare', run));
    else {
      this.offered = run.runId;
      this.offer(`This comparison was interrupted at ${formatProgress(run.done)}. Continue?`);
    }
  }

  protected async showJobResult(result: JobResult): Promise<void> {
    if (result.kind === 'compare') await this.showResult(result.result);
  }
}
