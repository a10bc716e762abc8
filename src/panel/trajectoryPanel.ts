/** A trajectory's panel: it can follow a training that goes on, and takes up new checkpoints once they are whole. */
import { awaitSteps, goesOn } from '../engine/analyses/trajectory/follow.js';
import type { FoundSteps, TrajectoryRequest, TrajectoryResult } from '../protocol/engineApi.js';
import type { BesideSteps, HostApi, PanelState } from '../protocol/hostApi.js';
import { recutTrajectory } from '../protocol/recut.js';
import { besideSteps } from '../services/besideSteps.js';
import { AnalysisPanel, type Result } from './analysisPanel.js';

/** Milliseconds between two looks at the logs of a training that is followed. */
const LOOK = 5_000;

export class TrajectoryPanel extends AnalysisPanel {
  /** While it follows: ends it. */
  private watching: AbortController | undefined;
  private readonly open = new AbortController();
  private looks: ReturnType<typeof setInterval> | undefined;

  protected override resultRun(): string | undefined {
    return this.state.kind === 'trajectory' ? this.state.result.provenance.runId : undefined;
  }

  protected override hostApi(): HostApi {
    return {
      ...super.hostApi(),
      followSteps: ({ on }) => Promise.resolve(this.followSteps(on)),
      setCuts: ({ cuts }) => Promise.resolve().then(() => this.setCuts(cuts)),
    };
  }

  protected override show(result: Result): Promise<void> {
    const following = this.watching !== undefined;
    const found = result as TrajectoryResult;
    const { cuts } = this.asked;
    const shown = cuts === undefined || String(cuts) === String(found.cuts) ? found : recutTrajectory(found, cuts);
    const beside = this.state.kind === 'trajectory' ? this.state.beside : null;
    super.set({ kind: 'trajectory', title: this.title, result: shown, following, busy: false, beside });
    void this.lookBeside();
    return Promise.resolve();
  }

  private get asked(): TrajectoryRequest {
    return this.request.request as TrajectoryRequest;
  }

  /** Follows the webview, which has moved the borders itself: nothing is sent back. @throws where the cuts do not fit */
  private setCuts(cuts: [number, number]): void {
    if (this.state.kind !== 'trajectory') return;
    this.state = { ...this.state, result: recutTrajectory(this.state.result, cuts) };
    this.request = { ...this.request, request: { ...this.asked, cuts } };
    this.stateChanged();
  }

  /** Reads what is known of the steps beside their weights, and shows it where it is new. */
  private async lookBeside(): Promise<void> {
    if (this.state.kind !== 'trajectory') return;
    const { result, beside: before } = this.state;
    const beside = await besideSteps(this.services, result, before, this.open.signal).catch(() => undefined);
    if (beside === undefined || this.open.signal.aborted || this.state.kind !== 'trajectory') return;
    if (isSame(beside, before)) return;
    super.set({ ...this.state, beside });
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
    this.open.abort();
    this.stopWatching();
    super.closed();
  }

  private followSteps(on: boolean): void {
    if (on === (this.watching !== undefined)) return;
    if (on) {
      this.watching = new AbortController();
      void this.watch(this.watching.signal);
      this.looks = setInterval(() => void this.lookBeside(), LOOK).unref();
    } else this.stopWatching();
    if (this.state.kind === 'trajectory') super.set({ ...this.state, following: on });
  }

  private stopWatching(): void {
    this.watching?.abort();
    this.watching = undefined;
    clearInterval(this.looks);
  }

  private async watch(signal: AbortSignal): Promise<void> {
    const request = this.asked;
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

/** Logs that have not grown are the same object. */
function isSame(a: BesideSteps, b: BesideSteps | null): boolean {
  return b !== null && a.training === b.training && JSON.stringify(a.abilities) === JSON.stringify(b.abilities);
}
