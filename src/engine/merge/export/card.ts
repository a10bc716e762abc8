/** The model card of an exported checkpoint: what it is made of, exactly enough to make it again. */
import path from 'node:path';
import { ENGINE_VERSION } from '../../version.js';

export interface CardFacts {
  name: string;
  /** How it is made, for people. */
  summary: string | undefined;
  /** The recipe's text. */
  recipe: string | undefined;
  sources: { path: string; fingerprint: string }[];
  /** Of the result as it was described. */
  fingerprint: string;
}

/** Markdown with the front matter that the hub reads. */
export function modelCard({ name, summary, recipe, sources, fingerprint }: CardFacts): string {
  const rows = sources.map((source) => `| ${cell(path.basename(source.path))} | ${code(source.fingerprint)} |`);
  return [
    '---',
    'library_name: transformers',
    'tags:',
    '- merge',
    '- frankenstein-lab',
    '---',
    '',
    `# ${cell(name)}`,
    '',
    `${summary === undefined ? 'A checkpoint written out' : `${cell(summary)}. Made`} by Frankenstein Lab ` +
      `${ENGINE_VERSION}. Whole tensors are their sources' bytes; computed ones are computed in`,
    'float64 and rounded once.',
    '',
    '## Made of',
    '',
    '| Source | Fingerprint |',
    '| --- | --- |',
    ...rows,
    '',
    `Fingerprint of the recipe over these sources: ${code(fingerprint)}`,
    '',
    ...(recipe === undefined ? [] : ['## Recipe', '', fenced(recipe), '']),
  ].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}

/** A fence longer than any in the text. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}yaml\n${text.trimEnd()}\n${fence}`;
}

function cell(text: string): string {
  return text.replace(/[\\`*_{}[\]<>|#]/g, (mark) => `\\${mark}`).replace(/\s+/g, ' ');
}
