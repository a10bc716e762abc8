/** One panel of an evaluation: what was asked, how far it is, and what came out. */
import type { EvaluateResult } from '../protocol/engineApi.js';
import type { EvaluatePanelRequest, HostApi, PictureBytes } from '../protocol/hostApi.js';
import { labelOf } from '../services/checkpointPath.js';
import { codeOf } from '../services/errors.js';
import { folderOfData, pictureBelow, pictureFrom } from '../services/pictures.js';
import { checkpointsOf, keyOf } from '../services/queue.js';
import { REFUSED, savingApi } from './hostApi.js';
import { JobPanel, type JobResult } from './jobPanel.js';

export class EvaluatePanel extends JobPanel<EvaluatePanelRequest> {
  get key(): string {
    return keyOf(this.request);
  }

  get evaluation(): EvaluateResult | undefined {
    return this.state.kind === 'evaluation' ? this.state.result : undefined;
  }

  start(): void {
    const { kind, evaluation } = this.request;
    this.follow(this.services.queue.start({ kind, evaluation }));
  }

  async restore(): Promise<void> {
    const active = this.services.queue.find(this.request);
    if (active !== undefined) return this.follow(active);
    const { run } = this.request;
    if (run === undefined) {
      this.offer('This evaluation was interrupted. Continue?');
      return;
    }
    try {
      this.showResult(await this.services.engine.readEvaluation(run));
    } catch (error) {
      if (codeOf(error) === 'not-found') this.offer('The result of this evaluation is no longer on disk. Evaluate again?');
      else this.fail(error);
    }
  }

  showResult(result: EvaluateResult): void {
    this.set({ kind: 'evaluation', title: this.title, result });
  }

  protected hostApi(): HostApi {
    return {
      ...REFUSED,
      ...savingApi(() => checkpointsOf(this.request).at(-1)?.path),
      ready: () => Promise.resolve(this.ready()),
      cancel: () => Promise.resolve(this.cancel()),
      retry: () => Promise.resolve(this.start()),
      skipBadLines: () => {
        this.request = { ...this.request, evaluation: { ...this.request.evaluation, badLines: 'skip' } };
        return Promise.resolve(this.start());
      },
      picture: async ({ sample: id }) => {
        const { evaluation } = this;
        const name = evaluation?.questions.find((question) => question.id === id)?.image;
        if (evaluation === undefined || name === undefined || name === null) throw new Error('This question has no picture.');
        return this.pictureOf(await folderOfData(evaluation.data), name);
      },
    };
  }

  protected labels(): string[] {
    return checkpointsOf(this.request).map(({ path: place, label }) => label ?? labelOf(place));
  }

  protected showJobResult(result: JobResult): void {
    if (result.kind !== 'evaluate') return;
    const { runsFolder } = result;
    if (runsFolder !== undefined) this.request = { ...this.request, run: { runsFolder, runId: result.result.provenance.runId } };
    this.showResult(result.result);
  }

  /** A file below the data's folder, or a picture inside a Parquet file there, which the engine reads. */
  private async pictureOf(folder: string, name: string): Promise<PictureBytes> {
    if (!/\.parquet#/.test(name)) return pictureBelow(folder, name);
    return pictureFrom(await this.services.engine.parquetPicture({ folder, name }), name);
  }
}
