/** The status bar entry: what runs and how far it is; one click shows it, a link in its hover cancels it. */
import * as vscode from 'vscode';
import { progressText } from './progressText.js';
import type { Job, Queue } from './queue.js';
import { statusEntry } from './screen.js';

export class StatusBar implements vscode.Disposable {
  private readonly item = statusEntry('frankenstein.progress', 'Frankenstein Lab', 'frankenstein.showProgress');
  private told = false;

  constructor(private readonly queue: Queue) {
    queue.onDidStart((job) => {
      job.onDidChange(() => this.update());
      this.update();
    });
    queue.onDidEnd(() => this.update());
  }

  private update(): void {
    const first = this.queue.active[0];
    this.tellMenus(first !== undefined);
    if (first === undefined) {
      this.item.hide();
      return;
    }
    const more = this.queue.active.length - 1;
    this.item.show({
      icon: 'sync~spin',
      text: `${first.title}: ${short(first)}${more > 0 ? ` (+${more})` : ''}`,
      tooltip: this.tooltip(),
      spoken: `${first.title}, ${short(first)}`,
    });
  }

  /** Cancel is offered while there is something to cancel. */
  private tellMenus(running: boolean): void {
    if (running === this.told) return;
    this.told = running;
    void vscode.commands.executeCommand('setContext', 'frankenstein.running', running);
  }

  private tooltip(): vscode.MarkdownString {
    const text = new vscode.MarkdownString(undefined, true);
    text.isTrusted = { enabledCommands: ['frankenstein.showProgress', 'frankenstein.cancel'] };
    for (const job of this.queue.active) {
      text.appendText(`${job.title}: ${long(job)}`);
      text.appendMarkdown('\n\n');
    }
    text.appendMarkdown(
      '[$(graph) Show](command:frankenstein.showProgress) · [$(stop-circle) Cancel](command:frankenstein.cancel)',
    );
    return text;
  }

  dispose(): void {
    this.item.dispose();
  }
}

function short(job: Job): string {
  const progress = job.state.kind === 'running' ? job.state.progress : null;
  return progress === null ? 'waiting' : progressText(progress, 'short');
}

function long(job: Job): string {
  const progress = job.state.kind === 'running' ? job.state.progress : null;
  return progress === null ? 'waiting' : progressText(progress, 'long');
}
