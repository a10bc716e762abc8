/** How a run is started again: its command, as far as what it keeps of its question tells. */
import type { ObjectEntries } from 'valibot';
import { analysisOfRun } from '../engine/analyses/analyses.js';
import type { CommandDeclaration } from '../engine/analyses/declare/definition.js';
import { type Flag, notesOf } from '../engine/analyses/declare/field.js';
import type { Stored } from './source.js';

/** Null for what is no run of an analysis. */
export function commandOf({ key, name, kind, request }: Stored): string | null {
  const question = request?.['question'];
  const definition = typeof request?.['kind'] === 'string' ? analysisOfRun(request['kind']) : undefined;
  if (definition === undefined || typeof question !== 'object' || question === null) return null;
  const command = definition.commands.find(
    ({ name, fixed }) => (fixed?.['kind'] ?? name) === kind || definition.commands.length === 1,
  );
  const asked = question as Record<string, unknown>;
  const typed =
    command === undefined || command.prepare !== undefined ? null : typedOf(command, definition.request, asked);
  if (typed !== null) return typed;
  // Texts of recipes follow from the checkpoints and the cuts.
  const bare = JSON.stringify(asked, (field, value: unknown) => (field === 'recipe' ? undefined : value));
  return name === null ? `# run ${key}, as it was asked: ${bare}` : null;
}

/** Null where an option cannot be written so that it is read back as the same. */
function typedOf(
  { name, fixed = {} }: CommandDeclaration,
  request: object,
  asked: Record<string, unknown>,
): string | null {
  const { entries } = request as { entries: ObjectEntries };
  const words = ['frankenstein', name];
  const options: string[] = [];
  for (const [field, value] of Object.entries(asked)) {
    const entry = entries[field];
    if (entry === undefined || field in fixed) continue;
    const { noun, flags, from } = notesOf(entry);
    const [flag] = flags;
    if (noun !== undefined) {
      const checkpoints = value as { path: string; label?: string; role?: string }[];
      words.push(...checkpoints.map(({ path }) => quoted(path)));
      const labels = checkpoints.map(({ label }) => label ?? '');
      if (labels.every((label) => label !== '')) options.push('--labels', quoted(labels.join(',')));
      continue;
    }
    if (flag === undefined || from !== undefined) return null;
    const option = optionOf(flag, value);
    if (option === null) return null;
    options.push(...option);
  }
  return [...words, ...options].join(' ');
}

/** The flag with a text that it reads as this value. */
function optionOf({ syntax, read }: Flag, value: unknown): string[] | null {
  const [name] = syntax.split(' ') as [string];
  if (value === true) return [name];
  const texts = [String(value), Array.isArray(value) ? value.join(',') : '', JSON.stringify(value)];
  const fits = (text: string) => {
    try {
      return JSON.stringify(read === undefined ? text : read(text)) === JSON.stringify(value);
    } catch {
      return false;
    }
  };
  const text = texts.find(fits);
  return text === undefined ? null : [name, quoted(text)];
}

function quoted(text: string): string {
  return /^[\w@%+=:,./#-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
