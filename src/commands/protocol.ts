/**
 * Protocol…: how questions are put and which of them, for those who replicate a paper. One entry of the options opens
 * it.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { numpySeedOf } from '../engine/datasets/choose.js';
import { conditionOf } from '../engine/datasets/condition.js';
import type { EvaluationQuestion } from '../protocol/hostApi.js';
import { messageOf } from '../services/errors.js';
import { askText, BACK, type Choice, pickOne, showError } from '../services/screen.js';
import { askNumber, type OptionItem } from './options.js';
import type { Stage } from './pick.js';

/** The part of a question that the protocol is. */
export type ProtocolChoice = Pick<
  EvaluationQuestion,
  'system' | 'prefix' | 'minPixels' | 'maxPixels' | 'promptColumn' | 'mapping' | 'where' | 'ids' | 'draw' | 'first'
>;

/** What the entry in the options says. */
export function protocolItem(protocol: ProtocolChoice): OptionItem<'protocol'> {
  const set = Object.entries({
    'system prompt': protocol.system,
    prefix: protocol.prefix,
    'image pixels': protocol.minPixels ?? protocol.maxPixels,
    'prompt column': protocol.promptColumn,
    columns: protocol.mapping,
    rows: protocol.where,
    ids: protocol.ids,
    draw: protocol.draw,
    'first questions': protocol.first,
  }).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  return {
    label: 'Protocol…',
    icon: 'note',
    description: set.length === 0 ? "the checkpoints' own prompts, all rows" : set.join(', '),
    value: 'protocol',
  };
}

type Action =
  | 'done'
  | 'prefix'
  | 'where'
  | 'ids'
  | 'draw'
  | 'column'
  | 'mapping'
  | 'first'
  | 'min'
  | 'max'
  | { system: Stage | undefined };

/** Changes the choices in place until they are as wanted. @param stages each may have a system prompt of its own */
export async function askProtocol(title: string, protocol: ProtocolChoice, stages: readonly Stage[]): Promise<void> {
  for (;;) {
    const action = await pickOne<Action>(
      { title: `${title}: Protocol`, placeholder: 'How questions are put, and which' },
      [
        { label: 'Done', icon: 'check', description: 'back to the options', value: 'done', alwaysShow: true },
        ...itemsOf(protocol, stages),
      ],
    );
    if (action === undefined || action === BACK || action === 'done') return;
    await change(title, protocol, action);
  }
}

function itemsOf(protocol: ProtocolChoice, stages: readonly Stage[]): Choice<Action>[] {
  const { prefix, where, ids, draw, promptColumn, mapping, first, minPixels, maxPixels } = protocol;
  const own = stages.length > 1 ? stages : [];
  return [
    {
      label: 'System prompt',
      icon: 'comment',
      description: systemOf(protocol, undefined) ?? 'what the chat template says',
      value: { system: undefined },
    },
    ...own.map((stage) => ({
      label: `System prompt of ${stage.label}`,
      icon: 'comment',
      description: systemOf(protocol, stage.path) ?? 'as above',
      value: { system: stage },
    })),
    { label: 'Prefix', icon: 'quote', description: prefix?.[0]?.text ?? 'no words before a question', value: 'prefix' },
    { label: 'Rows', icon: 'filter', description: where?.join(' and ') ?? 'all', value: 'where' },
    {
      label: 'First questions',
      icon: 'list-ordered',
      description: first === undefined ? 'not limited' : String(first),
      value: 'first',
    },
    {
      label: 'Question ids',
      icon: 'list-selection',
      description: ids === undefined ? 'all' : path.basename(ids),
      value: 'ids',
    },
    {
      label: 'Draw with NumPy',
      icon: 'symbol-numeric',
      description: draw ?? 'off: by the generator of this tool',
      value: 'draw',
    },
    {
      label: 'Columns',
      icon: 'table',
      description: mapping === undefined ? 'known sets, and the usual names' : path.basename(mapping),
      value: 'mapping',
    },
    { label: 'Prompt column', icon: 'symbol-field', description: promptColumn ?? "the set's own", value: 'column' },
    { label: 'Least image pixels', icon: 'file-media', description: pixelsText(minPixels), value: 'min' },
    { label: 'Most image pixels', icon: 'file-media', description: pixelsText(maxPixels), value: 'max' },
  ];
}

function pixelsText(value: number | undefined): string {
  return value === undefined ? "the checkpoint's own" : value.toLocaleString('en');
}

function systemOf({ system }: ProtocolChoice, checkpoint: string | undefined): string | undefined {
  return system?.find((one) => one.checkpoint === checkpoint)?.text;
}

async function change(title: string, protocol: ProtocolChoice, action: Exclude<Action, 'done'>): Promise<void> {
  if (typeof action === 'object') {
    const checkpoint = action.system?.path;
    const text = await askWords(title, 'System prompt, or @ and the path of a file', systemOf(protocol, checkpoint));
    if (text === null) return;
    const others = (protocol.system ?? []).filter((one) => one.checkpoint !== checkpoint);
    const system = text === '' ? others : [...others, { text, ...(checkpoint !== undefined && { checkpoint }) }];
    return assign(protocol, 'system', system.length === 0 ? undefined : system);
  }
  switch (action) {
    case 'prefix': {
      const text = await askWords(
        title,
        'Words before every question, or @ and the path of a file',
        protocol.prefix?.[0]?.text,
      );
      if (text !== null) assign(protocol, 'prefix', text === '' ? undefined : [{ text }]);
      return;
    }
    case 'where': {
      const text = await askText({
        title,
        prompt: 'Conditions, separated by semicolons, such as metadata.category=general-vqa; empty for all rows',
        value: protocol.where?.join('; ') ?? '',
        refuse: (input) => refusalOf(() => conditionsIn(input).map(conditionOf)),
      });
      if (text === undefined) return;
      const where = conditionsIn(text);
      return assign(protocol, 'where', where.length === 0 ? undefined : where);
    }
    case 'column': {
      const text = await askText({
        title,
        prompt: "The column that asks; empty for the set's own",
        value: protocol.promptColumn ?? '',
      });
      if (text !== undefined) assign(protocol, 'promptColumn', text.trim() === '' ? undefined : text.trim());
      return;
    }
    case 'ids':
      return askFile(protocol, 'ids', {
        title: `${title}: Question Ids`,
        what: 'A list of ids, one per line, or JSON Lines with "id"',
        filters: { 'Lists of ids': ['txt', 'jsonl', 'json'] },
      });
    case 'mapping':
      return askFile(protocol, 'mapping', {
        title: `${title}: Columns`,
        what: 'A YAML file that says which columns hold questions and answers',
        filters: { YAML: ['yaml', 'yml'] },
      });
    case 'draw': {
      const text = await askText({
        title,
        prompt: "Seed of NumPy's RandomState, which draws as many questions as the options say; empty for none",
        value: protocol.draw?.replace(/^numpy:/, '') ?? '',
        refuse: (input) => refusalOf(() => input.trim() !== '' && numpySeedOf(`numpy:${input.trim()}`)),
      });
      if (text !== undefined) assign(protocol, 'draw', text.trim() === '' ? undefined : `numpy:${text.trim()}`);
      return;
    }
    case 'first': {
      const value = await askNumber(title, 'The first so many questions of each set', protocol.first, true);
      if (value !== null) assign(protocol, 'first', value);
      return;
    }
    case 'min':
    case 'max':
      return askPixels(title, protocol, action === 'min' ? 'minPixels' : 'maxPixels');
  }
}

/** A file on this machine, or none where one was chosen before. */
async function askFile(
  protocol: ProtocolChoice,
  key: 'ids' | 'mapping',
  { title, what, filters }: { title: string; what: string; filters: Record<string, string[]> },
): Promise<void> {
  const before = protocol[key];
  if (before !== undefined) {
    const action = await pickOne<'none' | 'other'>({ title, placeholder: before }, [
      { label: 'None', icon: 'close', value: 'none' },
      { label: 'Another File…', icon: 'folder-opened', description: what, value: 'other' },
    ]);
    if (action === undefined || action === BACK) return;
    if (action === 'none') return assign(protocol, key, undefined);
  }
  const picked = await vscode.window.showOpenDialog({ title: what, filters, openLabel: 'Choose File' });
  if (picked?.[0] !== undefined) assign(protocol, key, picked[0].fsPath);
}

async function askPixels(title: string, protocol: ProtocolChoice, key: 'minPixels' | 'maxPixels'): Promise<void> {
  const value = protocol[key];
  const text = await askText({
    title,
    prompt:
      `${key === 'minPixels' ? 'Least' : 'Most'} pixels of an image once it is scaled; empty for the ` +
      `checkpoint's own`,
    value: value === undefined ? '' : String(value),
    refuse: (input) => (/^\s*(?:[1-9]\d{0,9})?\s*$/.test(input) ? undefined : 'A whole number above zero.'),
  });
  if (text !== undefined) assign(protocol, key, text.trim() === '' ? undefined : Number(text));
}

function conditionsIn(text: string): string[] {
  return text
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

function refusalOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Null when dismissed; a file's text is taken without the line break at its end. */
async function askWords(title: string, prompt: string, value: string | undefined): Promise<string | null> {
  const text = await askText({ title, prompt: `${prompt}; empty for none`, value: value ?? '' });
  if (text === undefined) return null;
  if (!text.startsWith('@')) return text.trim() === '' ? '' : text;
  try {
    return (await readFile(text.slice(1).trim(), 'utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    await showError(messageOf(error));
    return null;
  }
}

function assign<Key extends keyof ProtocolChoice>(
  protocol: ProtocolChoice,
  key: Key,
  value: ProtocolChoice[Key],
): void {
  if (value === undefined) delete protocol[key];
  else protocol[key] = value;
}
