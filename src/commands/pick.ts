/**
 * Asks for a checkpoint, or for several: the one in hand first, then those of the workspace and the Hugging Face cache,
 * or any folder.
 */
import path from 'node:path';
import * as vscode from 'vscode';
import type { FoundCheckpoint } from '../protocol/engineApi.js';
import { checkpointOf, identityOf, kindText, labelOf, labelsOf } from '../services/checkpointPath.js';
import { endpointPath, isEndpointPath } from '../engine/checkpoint/endpointPath.js';
import { messageOf } from '../services/errors.js';
import { askEndpoint } from '../services/languageModels.js';
import { bytesText } from '../services/progressText.js';
import {
  BACK,
  pickMany,
  pickOne,
  type Answer,
  type Choice,
  type Heading,
  type More,
  type PickQuestion,
} from '../services/screen.js';
import type { Services } from '../services/services.js';
import { withBase } from './base.js';

export interface CheckpointQuestion extends PickQuestion {
  /** Checkpoints that are no choice: those already picked. */
  exclude?: readonly string[];
  /** A model behind an address will do: it is only asked. */
  endpoints?: boolean;
}

const ELSEWHERE = 'another folder on this machine';
/** In place of a path: it is asked for. */
const ADDRESS = 'endpoint:';
const ENDPOINT = {
  label: 'Endpoint…',
  icon: 'globe',
  description: 'a model behind an address that speaks the OpenAI chat completions protocol',
};

/** Undefined when dismissed. */
export async function pickCheckpoint(services: Services, question: CheckpointQuestion): Promise<string | undefined> {
  const answer = await pickCheckpointOrBack(services, question);
  return answer === BACK ? undefined : answer;
}

export async function pickCheckpointOrBack(
  services: Services,
  { exclude = [], endpoints = false, ...question }: CheckpointQuestion,
): Promise<Answer<string>> {
  const excluded = new Set(exclude.map((checkpoint) => identityOf(checkpoint)));
  const choices = async (): Promise<(Choice<string> | Heading)[]> => {
    const found = await discovered(services);
    const offered = found.filter((checkpoint) => !excluded.has(identityOf(checkpoint.path)));
    const group = (source: 'workspace' | 'huggingface-cache', heading: string): (Choice<string> | Heading)[] => {
      const items = offered
        .filter((checkpoint) => checkpoint.source === source)
        .map((checkpoint) => choiceOf(services, checkpoint, checkpoint.label, checkpoint.path));
      return items.length === 0 ? [] : [{ heading }, ...items];
    };
    const hand = checkpointInHand();
    const inHand: (Choice<string> | Heading)[] =
      hand === undefined || excluded.has(identityOf(hand))
        ? []
        : [
            { heading: 'In the editor' },
            { label: labelOf(hand), description: 'in the editor', detail: hand, value: hand },
          ];
    return [
      ...inHand,
      ...group('workspace', 'Workspace'),
      ...group('huggingface-cache', 'Hugging Face cache'),
      { heading: '' },
      { label: 'Browse…', icon: 'folder-opened', description: ELSEWHERE, value: '', alwaysShow: true },
      ...(endpoints ? [{ ...ENDPOINT, value: ADDRESS, alwaysShow: true }] : []),
    ];
  };
  const choice = await pickOne(question, choices());
  if (choice === BACK || choice === undefined) return choice;
  if (choice === ADDRESS) {
    const endpoint = await askEndpoint(services.secrets, question.title, { url: '', model: '' });
    return endpoint && endpointPath(endpoint);
  }
  const picked = choice === '' ? (await browse(question.title))[0] : checkpointOf(choice);
  return picked === undefined ? undefined : withBase(services, picked, pickCheckpoint);
}

/** What cannot be opened is offered all the same, with the reason: it may be whole by the time it is needed. */
function choiceOf({ headers }: Services, found: FoundCheckpoint, label: string, value: string): Choice<string> {
  const problem = headers.problemOf(found.path);
  return {
    label,
    description: problem ?? `${kindText(found)} · ${bytesText(found.bytes)}`,
    detail: value,
    value,
    ...(problem !== undefined && { icon: 'warning' }),
  };
}

async function browse(title: string, several = false): Promise<string[]> {
  const picked = await vscode.window.showOpenDialog({
    title,
    canSelectFolders: true,
    canSelectFiles: false,
    canSelectMany: several,
    openLabel: 'Choose Checkpoint',
  });
  return (picked ?? []).map((uri) => checkpointOf(uri.fsPath));
}

export interface Stage {
  path: string;
  label: string;
}

export interface CheckpointsQuestion extends PickQuestion {
  /** How many are needed, and how many can be taken. */
  least?: number;
  most?: number;
  /** A model behind an address will do: it is only asked. */
  endpoints?: boolean;
}

/**
 * One or several, in the order of their training as their names tell it. Those that a menu was opened on are taken
 * without a question, where they are enough.
 */
export async function pickCheckpoints(
  services: Services,
  question: CheckpointsQuestion,
  given: readonly string[],
): Promise<Answer<Stage[]>> {
  const paths = await pickPaths(services, question, given);
  return paths === BACK || paths === undefined ? paths : named(services, paths);
}

/** The same, as they were chosen. */
export async function pickPaths(
  services: Services,
  { least = 1, most = Infinity, endpoints = false, ...question }: CheckpointsQuestion,
  given: readonly string[],
): Promise<Answer<string[]>> {
  const refuse = (paths: readonly string[]) =>
    paths.length < least
      ? least === 1
        ? 'Choose a checkpoint.'
        : `Choose at least ${least} checkpoints.`
      : paths.length > most
        ? `Choose at most ${most} checkpoints; ${paths.length} are ticked.`
        : undefined;
  if (given.length > 0 && refuse(given) === undefined) return [...given];
  const hand = given.length > 0 ? [...given] : [checkpointInHand()].filter((one) => one !== undefined);
  const choices = async () => {
    const found = await discovered(services);
    const known = [
      ...hand,
      ...found
        .map((one) => checkpointOf(one.path))
        .filter((one) => !hand.some((own) => identityOf(own) === identityOf(one))),
    ];
    const labels = labelsOf(known);
    return known.map((one, index): Choice<string> => {
      const entry = found.find((other) => checkpointOf(other.path) === one);
      const choice = entry && choiceOf(services, entry, labels[index]!, one);
      return {
        ...(choice ?? { label: labels[index]!, detail: one, value: one }),
        picked: hand.includes(one) || known.length === 1,
      };
    });
  };
  return pickMany(
    {
      ...question,
      refuse,
      more: [
        {
          label: 'Browse…',
          icon: 'folder-opened',
          description: ELSEWHERE,
          ask: async () =>
            (await browse(question.title, true)).map((one) => ({ label: labelOf(one), detail: one, value: one })),
        },
        ...(endpoints ? [endpointEntry(services, question.title)] : []),
      ],
    },
    choices(),
  );
}

/** Nothing is sent before it is chosen and the run is started. */
function endpointEntry({ secrets }: Services, title: string): More<string> {
  return {
    ...ENDPOINT,
    ask: async () => {
      const endpoint = await askEndpoint(secrets, title, { url: '', model: '' });
      if (endpoint === undefined) return [];
      const value = endpointPath(endpoint);
      return [{ label: labelOf(value), detail: value, value }];
    },
  };
}

/** Labels and order of a lineage, as its names tell; endpoints tell nothing, and come last. */
async function named({ engine }: Services, chosen: readonly string[]): Promise<Stage[]> {
  const paths = [...new Set(chosen)];
  const labels = labelsOf(paths);
  if (paths.length === 1) return [{ path: paths[0]!, label: labels[0]! }];
  const stages = paths.map((one, index) => ({ path: one, label: labels[index]! }));
  const [served, here] = [true, false].map((which) => stages.filter((one) => isEndpointPath(one.path) === which));
  if (here!.length < 2) return [...here!, ...served!];
  const { order } = await engine.guessOrder({ paths: here!.map((one) => one.path) });
  return [...order.map((index) => here![index]!), ...served!];
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
