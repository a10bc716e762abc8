/** One panel of an evaluation: what was asked, how far it is, and what came out. */
import type { EvaluateResult } from '../protocol/engineApi.js';
import type { EvaluatePanelRequest, HostApi, ImageBytes } from '../protocol/hostApi.js';
import { folderOfData, imageBelow, imageFrom } from '../services/images.js';
import { JobPanel, type JobResult } from './jobPanel.js';

export class EvaluatePanel extends JobPanel<EvaluatePanelRequest> {
  protected override readonly lost = 'The result of this evaluation is no longer on disk. Evaluate again?';

  get evaluation(): EvaluateResult | undefined {
    return this.state.kind === 'evaluation' ? this.state.result : undefined;
  }

  protected override resultRun(): string | undefined {
    return this.evaluation?.provenance.runId;
  }

  start(): void {
    const { kind, evaluation } = this.request;
    this.follow(this.services.queue.start({ kind, evaluation }));
  }

  showResult(result: EvaluateResult): void {
    this.set({ kind: 'evaluation', title: this.title, result });
  }

  protected override hostApi(): HostApi {
    return {
      ...super.hostApi(),
      skipBadLines: () => {
        this.request = { ...this.request, evaluation: { ...this.request.evaluation, badLines: 'skip' } };
        return Promise.resolve(this.start());
      },
      sampleImage: async ({ sample: id, index = 0 }) => {
        const { evaluation } = this;
        const question = evaluation?.questions.find((one) => one.id === id);
        const name = question?.images?.[index] ?? (index === 0 ? question?.image : undefined);
        if (evaluation === undefined || name === undefined || name === null)
          throw new Error('This question has no image.');
        return this.imageOf(await folderOfData(evaluation.data), name);
      },
    };
  }

  protected async showStored(): Promise<void> {
    const { run } = this.request;
    if (run === undefined) this.offer('This evaluation was interrupted. Continue?');
    else this.showResult(await this.services.engine.readEvaluate(run));
  }

  protected showJobResult(result: JobResult): void {
    if (result.kind !== 'evaluate') return;
    const { runsFolder } = result;
    if (runsFolder !== undefined)
      this.request = { ...this.request, run: { runsFolder, runId: result.result.provenance.runId } };
    this.showResult(result.result);
  }

  /** A file below the data's folder, or an image inside a Parquet file there, which the engine reads. */
  private async imageOf(folder: string, name: string): Promise<ImageBytes> {
    if (!/\.parquet#/.test(name)) return imageBelow(folder, name);
    return imageFrom(await this.services.engine.parquetImage({ folder, name }), name);
  }
}
