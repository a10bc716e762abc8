/** Asks for a checkpoint, or for several: the one in hand first, then those of the workspace and the Hugging Face cache, or any folder. */
import path from 'node:path';
import * as vscode from 'vscode';
import type { FoundCheckpoint } from '../protocol/engineApi.js';
import { checkpointOf, identityOf, kindText, labelOf, labelsOf } from '../services/checkpointPath.js';
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
export async function pickCheckpoint(
  services: Services,
  { title, placeholder, exclude = [] }: PickOptions,
): Promise<string | undefined> {
  const excluded = new Set(exclude.map((checkpoint) => identityOf(checkpoint)));
  const choices = async (): Promise<Choice[]> => {
    const found = await discovered(services);
    const offered = found.filter((checkpoint) => !excluded.has(identityOf(checkpoint.path)));
    const group = (source: 'workspace' | 'huggingface-cache', label: string): Choice[] => {
      const items = offered
        .filter((checkpoint) => checkpoint.source === source)
        .map((checkpoint) => ({
          label: checkpoint.label,
          description: `${kindText(checkpoint)} · ${bytesText(checkpoint.bytes)}`,
          detail: checkpoint.path,
          checkpoint: checkpoint.path,
        }));
      return items.length === 0 ? [] : [{ label, kind: vscode.QuickPickItemKind.Separator }, ...items];
    };
    const hand = checkpointInHand();
    const inHand: Choice[] =
      hand === undefined || excluded.has(identityOf(hand))
        ? []
        : [
            { label: 'In the editor', kind: vscode.QuickPickItemKind.Separator },
            { label: labelOf(hand), description: 'in the editor', detail: hand, checkpoint: hand },
          ];
    return [
      ...inHand,
      ...group('workspace', 'Workspace'),
      ...group('huggingface-cache', 'Hugging Face cache'),
      { label: '', kind: vscode.QuickPickItemKind.Separator },
      {
        label: '$(folder-opened) Browse…',
        description: 'another folder on this machine',
        browse: true,
        alwaysShow: true,
      },
    ];
  };
  const choice = await vscode.window.showQuickPick<Choice>(choices(), {
    title,
    placeHolder: placeholder,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  const picked = choice?.browse ? await browse(title) : choice?.checkpoint && checkpointOf(choice.checkpoint);
  return picked === undefined ? undefined : withBase(services, picked, pickCheckpoint);
}

async function browse(title: string): Promise<string | undefined> {
  const picked = await vscode.window.showOpenDialog({
    title,
    canSelectFolders: true,
    canSelectFiles: false,
    openLabel: 'Choose Checkpoint',
  });
  return picked?.[0] && checkpointOf(picked[0].fsPath);
}

export interface Stage {
  path: string;
  label: string;
}

/** One or several, in the order of their training. */
export async function pickCheckpoints(
  services: Services,
  { title, placeHolder, most }: { title: string; placeHolder: string; most?: number },
  given: readonly string[],
): Promise<Stage[] | undefined> {
  const hand = given.length > 0 ? [...given] : [checkpointInHand()].filter((one) => one !== undefined);
  const found = await discovered(services);
  const known = [
    ...hand,
    ...found
      .map((one) => checkpointOf(one.path))
      .filter((one) => !hand.some((own) => identityOf(own) === identityOf(one))),
  ];
  if (known.length === 0) {
    const one = await pickCheckpoint(services, { title, placeholder: 'Which checkpoint?' });
    return one === undefined ? undefined : named(services, [one]);
  }
  const labels = labelsOf(known);
  const elsewhere = {
    label: '$(folder-opened) Browse…',
    description: 'another folder on this machine',
    path: undefined as string | undefined,
    picked: false,
  };
  const items = known.map((one, index) => ({
    label: labels[index]!,
    description: found.find((entry) => checkpointOf(entry.path) === one)?.family ?? '',
    detail: one,
    path: one,
    picked: hand.includes(one) || known.length === 1,
  }));
  const picked = await vscode.window.showQuickPick([...items, elsewhere], {
    title,
    placeHolder,
    canPickMany: true,
    matchOnDetail: true,
  });
  if (picked === undefined) return undefined;
  const paths = picked.flatMap((item) => item.path ?? []);
  if (picked.includes(elsewhere)) {
    const other = await vscode.window.showOpenDialog({
      title,
      canSelectFolders: true,
      canSelectFiles: false,
      canSelectMany: true,
      openLabel: 'Choose Checkpoint',
    });
    paths.push(...(other ?? []).map((uri) => checkpointOf(uri.fsPath)));
  }
  if (paths.length === 0) throw new Error('No checkpoint was chosen.');
  if (most !== undefined && paths.length > most)
    throw new Error(`At most ${most} checkpoints can be chosen here; ${paths.length} were.`);
  return named(services, [...new Set(paths)]);
}

/** Labels and order of a lineage, as its names tell: Base, IN, RL. */
async function named({ engine }: Services, paths: string[]): Promise<Stage[]> {
  if (paths.length === 1) return [{ path: paths[0]!, label: labelsOf(paths)[0]! }];
  const guess = await engine.guessOrder({ paths });
  const labels = labelsOf(paths);
  return guess.order.map((index) => ({ path: paths[index]!, label: labels[index]! }));
}

/** What could be found. That something could not is no reason to ask for nothing. */
function discovered({ discovery, log }: Services): Promise<FoundCheckpoint[]> {
  return discovery.list().catch((error: unknown) => {
    log.error(messageOf(error));
    return [];
  });
}

/** The checkpoint whose file is in the active editor. */
export function checkpointInHand(): string | undefined {
  const uri = vscode.window.activeTextEditor?.document.uri;
  if (uri?.scheme !== 'file') return undefined;
  const name = path.basename(uri.fsPath);
  return /^(?:adapter_)?config\.json$/.test(name) || name.endsWith('.safetensors.index.json')
    ? checkpointOf(uri.fsPath)
    : undefined;
}
