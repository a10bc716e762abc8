/** A trajectory's panel: it can follow a training that goes on, and takes up new checkpoints once they are whole. */
import { awaitSteps, goesOn } from '../engine/analyses/trajectory/follow.js';
import type { FoundSteps, TrajectoryRequest, TrajectoryResult } from '../protocol/engineApi.js';
import type { HostApi, PanelState } from '../protocol/hostApi.js';
import { AnalysisPanel, type Result } from './analysisPanel.js';

export class TrajectoryPanel extends AnalysisPanel {
  /** While it follows: ends it. */
  private watching: AbortController | undefined;

  protected override resultRun(): string | undefined {
    return this.state.kind === 'trajectory' ? this.state.result.provenance.runId : undefined;
  }

  protected override hostApi(): HostApi {
    return { ...super.hostApi(), followSteps: ({ on }) => Promise.resolve(this.followSteps(on)) };
  }

  protected override show(result: Result): Promise<void> {
    const following = this.watching !== undefined;
    super.set({ kind: 'trajectory', title: this.title, result: result as TrajectoryResult, following, busy: false });
    return Promise.resolve();
  }

  /** What is in sight stays there while new checkpoints are read. */
  protected override set(state: PanelState): void {
    const isUpdate = state.kind === 'running' || (state.kind === 'failed' && goesOn(state.code));
    if (this.watching !== undefined && this.state.kind === 'trajectory' && isUpdate) {
      const busy = state.kind === 'running';
      if (this.state.busy !== busy) super.set({ ...this.state, busy });
      return;
    }
    if (state.kind === 'failed') this.stopWatching();
    super.set(state);
  }

  protected override closed(): void {
    this.stopWatching();
    super.closed();
  }

  private followSteps(on: boolean): void {
    if (on === (this.watching !== undefined)) return;
    if (on) {
      this.watching = new AbortController();
      void this.watch(this.watching.signal);
    } else this.stopWatching();
    if (this.state.kind === 'trajectory') super.set({ ...this.state, following: on });
  }

  private stopWatching(): void {
    this.watching?.abort();
    this.watching = undefined;
  }

  private async watch(signal: AbortSignal): Promise<void> {
    const request = this.request.request as TrajectoryRequest;
    let before = this.state.kind === 'trajectory' ? foundIn(this.state.result) : undefined;
    try {
      for (;;) {
        const found = await awaitSteps(this.services.engine, request, before, signal);
        if (found === undefined) return;
        before = found;
        this.start();
      }
    } catch (error) {
      if (!signal.aborted) this.fail(error);
    }
  }
}

/** What the result has read. */
function foundIn({ stages, steps, leftOut }: TrajectoryResult): FoundSteps {
  return { whole: stages.map(({ path }, index) => ({ path, step: steps[index]! })), leftOut, looks: null };
}
