/** The text of a new experiment, as a person would write it. */
import { stringify } from 'yaml';
import { TOP_DOCS } from './document.js';
import { kindNamed } from './kinds.js';

export interface NewExperiment {
  checkpoints: { label: string; role: string | null; /** As it is written. */ path: string }[];
  /** Questions, as they are written. */
  data: string;
  /** Names of kinds, in order. */
  parts: readonly string[];
}

/** Each block below what it means. */
export function experimentText({ checkpoints, data, parts }: NewExperiment): string {
  const named = unique(checkpoints.map(({ label }) => label));
  const lines = checkpoints.map(({ role, path }, index) => {
    const name = named[index]!;
    const isSaid = role !== null && role !== name.toLowerCase();
    return `  ${name}: ${flow(isSaid ? { path, role } : path)}`;
  });
  const body = parts.map((run) => `  ${nameOf(run)}: ${flow(partOf(run, named))}`);
  return [
    '# Everything that this says, in order: `frankenstein run`, or Run above. What is done is not done again.',
    `# ${TOP_DOCS.checkpoints}`,
    'checkpoints:',
    ...lines,
    '',
    `# ${TOP_DOCS.sets}`,
    'sets:',
    `  questions: ${flow({ data })}`,
    '',
    `# ${TOP_DOCS.parts}`,
    'parts:',
    ...body,
    '',
  ].join('\n');
}

function partOf(run: string, named: readonly string[]): object {
  const kind = kindNamed(run)!;
  return {
    run,
    ...(kind.most === 1 && { [kind.noun!]: named }),
    ...('data' in kind.fields && { data: 'questions' }),
  };
}

/** `probe swap` becomes `swap`. */
function nameOf(run: string): string {
  return run.split(' ').at(-1)!;
}

/** Names that parts can be called by, each once. */
function unique(labels: readonly string[]): string[] {
  const names: string[] = [];
  for (const label of labels) {
    const plain =
      label
        .replace(/[^\p{L}\p{N}._+-]+/gu, '-')
        .replace(/^[^\p{L}\p{N}]+/u, '')
        .slice(0, 60) || 'checkpoint';
    let name = plain;
    for (let index = 2; names.includes(name); index++) name = `${plain}-${index}`;
    names.push(name);
  }
  return names;
}

/** On one line. */
function flow(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim();
}
