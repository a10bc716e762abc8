/** Trying a checkpoint, or two beside each other: prompts, images, answers as they come. Nothing is written to disk. */
import path from 'node:path';
import * as vscode from 'vscode';
import type { HostApi, PanelState, Trial, TrialAnswer, TrialExchange, TryPanelRequest } from '../protocol/hostApi.js';
import { messageOf } from '../services/errors.js';
import { readImage } from '../services/images.js';
import { readSettings } from '../services/settings.js';
import { BasePanel } from './basePanel.js';

/** Longest answer that may be asked for, in tokens. */
const MOST_TOKENS = 8192;
/** Exchanges kept; a session rarely looks further back. */
const KEPT = 100;

export class TryPanel extends BasePanel<TryPanelRequest> {
  private readonly images: string[] = [];
  private abort: AbortController | undefined;
  private readonly trial: Trial = { labels: this.request.checkpoints.map(({ label }) => label), exchanges: [] };

  get title(): string {
    return `Try · ${this.request.checkpoints.map(({ label }) => label).join(', ')}`;
  }

  get key(): string {
    return keyOfTrial(this.request);
  }

  get state(): PanelState {
    return { kind: 'try', title: this.title, trial: this.trial };
  }

  override get shownState(): string {
    return this.abort === undefined ? 'try' : 'running';
  }

  start(): void {
    this.surface.push();
  }

  /** Nothing starts before something is asked. */
  override begin(): void {
    // It is in sight.
  }

  restore(): Promise<void> {
    this.surface.push();
    return Promise.resolve();
  }

  cancel(): void {
    this.abort?.abort();
  }

  protected savedBeside(): string | undefined {
    return this.request.checkpoints.at(-1)?.path;
  }

  protected override closed(): void {
    this.abort?.abort();
    super.closed();
  }

  protected override hostApi(): HostApi {
    return {
      ...super.hostApi(),
      cancel: () => Promise.resolve(this.cancel()),
      chooseImage: async () => {
        const picked = await vscode.window.showOpenDialog({
          title: 'Choose an Image',
          filters: { Images: ['png', 'jpg', 'jpeg', 'webp'] },
          openLabel: 'Choose Image',
        });
        const file = picked?.[0]?.fsPath;
        if (file === undefined) return null;
        await readImage(file); // says what is wrong with it now, not when it is asked about
        const known = this.images.indexOf(file);
        return { id: known === -1 ? this.images.push(file) - 1 : known, name: path.basename(file) };
      },
      chosenImage: ({ id }) => {
        const file = this.images[id];
        return file === undefined ? Promise.reject(new Error('This image was not chosen here.')) : readImage(file);
      },
      ask: async ({ prompt, image, maxNewTokens }) => {
        const file = image === null ? null : this.images[image];
        if (file === undefined) throw new Error('This image was not chosen here.');
        if (this.abort !== undefined) throw new Error('An answer is still under way.');
        if (prompt.trim() === '') throw new Error('There is nothing to ask.');
        void this.run({
          prompt,
          image: file === null ? null : { id: image!, name: path.basename(file) },
          file,
          maxNewTokens: Math.max(1, Math.min(MOST_TOKENS, Math.round(maxNewTokens))),
        });
        return Promise.resolve();
      },
    };
  }

  /** One checkpoint after the other, and after the analyses under way: each may fill the memory budget on its own. */
  private async run({
    prompt,
    image,
    file,
    maxNewTokens,
  }: {
    prompt: string;
    image: TrialExchange['image'];
    file: string | null;
    maxNewTokens: number;
  }): Promise<void> {
    const { exchanges } = this.trial;
    const abort = (this.abort = new AbortController());
    const exchange: TrialExchange = {
      id: (exchanges.at(-1)?.id ?? 0) + 1,
      prompt,
      image,
      answers: this.request.checkpoints.map(() => ({
        state: 'waiting',
        text: '',
        message: null,
        tokens: null,
        seconds: null,
        notices: [],
      })),
    };
    exchanges.push(exchange);
    if (exchanges.length > KEPT) exchanges.shift();
    const { memory, threads } = readSettings();
    for (const [at, { path: checkpoint }] of this.request.checkpoints.entries()) {
      const answer = exchange.answers[at]!;
      if (abort.signal.aborted) {
        answer.state = 'cancelled';
        continue;
      }
      const { queue, engine } = this.services;
      const [busy] = queue.active;
      if (busy !== undefined) this.update(answer, { message: `Waiting for ${busy.title}…` });
      let started = Date.now();
      try {
        const result = await queue.inTurn(() => {
          this.update(answer, { state: 'running', message: null });
          started = Date.now();
          return engine.generate(
            { path: checkpoint, prompt, images: file === null ? [] : [file], maxNewTokens, memory, threads },
            {
              signal: abort.signal,
              progress: ({ text }) => {
                answer.text += text;
                if (this.view.visible)
                  void this.surface.connection.remote
                    .answer({ exchange: exchange.id, checkpoint: at, text: answer.text })
                    .catch(() => undefined);
              },
            },
          );
        }, abort.signal);
        this.update(answer, {
          state: 'done',
          text: result.text,
          tokens: result.tokenIds.length,
          seconds: (Date.now() - started) / 1000,
          notices: [...result.notices, ...(result.ended === 'length' ? [`Cut off at ${maxNewTokens} tokens.`] : [])],
        });
      } catch (error) {
        this.update(
          answer,
          abort.signal.aborted ? { state: 'cancelled', message: null } : { state: 'failed', message: messageOf(error) },
        );
      }
    }
    this.abort = undefined;
    this.update();
  }

  private update(answer?: TrialAnswer, change?: Partial<TrialAnswer>): void {
    if (answer !== undefined) Object.assign(answer, change);
    this.refresh();
  }
}

export function keyOfTrial(request: TryPanelRequest): string {
  return JSON.stringify(['try', request.checkpoints.map(({ path: location }) => location)]);
}
