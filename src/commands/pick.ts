/** Asks for a checkpoint: the one in hand first, then those of the workspace and the Hugging Face cache, or any folder. */
import path from 'node:path';
import * as vscode from 'vscode';
import { checkpointOf, folderOf, kindText, labelOf } from '../services/checkpointPath.js';
import { messageOf } from '../services/errors.js';
import { bytesText } from '../services/progressText.js';
import type { Services } from '../services/services.js';
import { withBase } from './base.js';

interface Choice extends vscode.QuickPickItem {
  checkpoint?: string;
  browse?: true;
}

export interface PickOptions {
  title: string;
  placeholder: string;
  /** Checkpoints that are no choice: those already picked. */
  exclude?: readonly string[];
}

/** Undefined when dismissed. */
export async function pickCheckpoint(services: Services, { title, placeholder, exclude = [] }: PickOptions): Promise<string | undefined> {
  const { discovery, log } = services;
  const excluded = new Set(exclude.map((checkpoint) => folderOf(checkpoint)));
  const choices = async (): Promise<Choice[]> => {
    const found = await discovery.list().catch((error: unknown) => {
      log.error(messageOf(error));
      return [];
    });
    const offered = found.filter((checkpoint) => !excluded.has(folderOf(checkpoint.path)));
    const group = (source: 'workspace' | 'huggingface-cache', label: string): Choice[] => {
      const items = offered
        .filter((checkpoint) => checkpoint.source === source)
        .map((checkpoint) => ({ label: checkpoint.label, description: `${kindText(checkpoint)} · ${bytesText(checkpoint.bytes)}`, detail: checkpoint.path, checkpoint: checkpoint.path }));
      return items.length === 0 ? [] : [{ label, kind: vscode.QuickPickItemKind.Separator }, ...items];
    };
    const hand = checkpointInHand();
    const inHand: Choice[] =
      hand === undefined || excluded.has(folderOf(hand))
        ? []
        : [{ label: 'In the editor', kind: vscode.QuickPickItemKind.Separator }, { label: labelOf(hand), description: 'in the editor', detail: hand, checkpoint: hand }];
    return [
      ...inHand,
      ...group('workspace', 'Workspace'),
      ...group('huggingface-cache', 'Hugging Face cache'),
      { label: '', kind: vscode.QuickPickItemKind.Separator },
      { label: '$(folder-opened) Browse…', description: 'another folder on this machine', browse: true, alwaysShow: true },
    ];
  };
  const choice = await vscode.window.showQuickPick<Choice>(choices(), { title, placeHolder: placeholder, matchOnDescription: true, matchOnDetail: true });
  const picked = choice?.browse ? await browse(title) : choice?.checkpoint && checkpointOf(choice.checkpoint);
  return picked === undefined ? undefined : withBase(services, picked, pickCheckpoint);
}

async function browse(title: string): Promise<string | undefined> {
  const picked = await vscode.window.showOpenDialog({ title, canSelectFolders: true, canSelectFiles: false, openLabel: 'Choose Checkpoint' });
  return picked?.[0] && checkpointOf(picked[0].fsPath);
}

/** The checkpoint whose file is in the active editor. */
export function checkpointInHand(): string | undefined {
  const uri = vscode.window.activeTextEditor?.document.uri;
  if (uri?.scheme !== 'file') return undefined;
  const name = path.basename(uri.fsPath);
  return name === 'config.json' || name.endsWith('.safetensors.index.json') ? checkpointOf(uri.fsPath) : undefined;
}
