/** Results of every kind as runs on disk, and reading back what a report says. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { lineage } from '../../../webview/playground/data.js';
import { sweepOf, transferOf } from '../../../webview/playground/evaluations.js';
import { frozenReport, verified } from '../../../webview/playground/frozen.js';
import { attentionOnly, lineageProbes } from '../../../webview/playground/probes.js';
import { spectraOf } from '../../../webview/playground/spectra.js';
import { trajectoryOf } from '../../../webview/playground/trajectories.js';

export interface Workspace {
  folder: string;
  runsFolder: string;
  /** Results by the key that the report names them by. */
  results: Map<string, unknown>;
  /** What a report is asked for. */
  sources: string[];
}

/** One of each kind; probes are of a lineage. @param change what is done to a result before it is stored */
export function everyKind(change: (result: object) => object = (result) => result): Workspace {
  const folder = mkdtempSync(path.join(tmpdir(), 'frankenstein-test-'));
  const workspace: Workspace = {
    folder,
    runsFolder: path.join(folder, '.frankenstein'),
    results: new Map(),
    sources: [],
  };
  const compared = lineage();
  const runs: object[] = [
    ...lineageProbes(),
    ...attentionOnly(),
    compared,
    spectraOf(compared, 'exact'),
    trajectoryOf(compared),
    transferOf(),
    sweepOf(),
    { ...transferOf(), kind: 'evaluate' },
  ];
  runs.forEach((result, index) => addRun(workspace, change(result), index));
  for (const [name, result] of [
    ['report', frozenReport()],
    ['verification', verified()],
  ] as const) {
    const stored = change(result);
    const file = path.join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify(stored));
    workspace.results.set(name, JSON.parse(JSON.stringify(stored)));
    workspace.sources.push(file);
  }
  return workspace;
}

export function addRun({ runsFolder, results, sources }: Workspace, result: object, index: number): string {
  const id = `${index}`.padStart(16, '0');
  const run = path.join(runsFolder, 'runs', id);
  mkdirSync(run, { recursive: true });
  writeFileSync(path.join(run, 'result.json'), JSON.stringify(result));
  results.set(id, JSON.parse(JSON.stringify(result)));
  sources.push(id);
  return id;
}

/** A number as the document has it. */
export interface Marked {
  run: string;
  pointer: string;
  form: string;
  formula: string | null;
  value: string;
  text: string;
}

const MARK =
  /<data value="([^"]*)" data-run="([^"]*)" data-pointer="([^"]*)" data-form="([^"]*)"(?: data-formula="([^"]*)")?>([^<]*)<\/data>/g;

export function markedIn(html: string): Marked[] {
  return [...html.matchAll(MARK)].map(([, value, run, pointer, form, formula, text]) => ({
    value: value!,
    run: unescaped(run!),
    pointer: unescaped(pointer!),
    form: form!,
    formula: formula ?? null,
    text: unescaped(text!),
  }));
}

/** The words around the numbers. */
export function wordsOf(html: string): string {
  return unescaped(html.replace(MARK, '').replace(/<[^>]*>/g, ' '));
}

export function unescaped(text: string): string {
  return text
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&');
}

/** By names below the folder, with forward slashes. */
export function filesBelow(folder: string): Map<string, Buffer> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(path.join(folder, name)).isFile())
    .sort();
  return new Map(names.map((name) => [name.replaceAll(path.sep, '/'), readFileSync(path.join(folder, name))]));
}

/** RFC 4180, as an independent reader has it. */
export function csvRows(text: string): string[][] {
  const rows: string[][] = [];
  let [row, cell, quoted]: [string[], string, boolean] = [[], '', false];
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (quoted && character === '"' && text[at + 1] === '"') cell += text[at++];
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === ',') [row, cell] = [[...row, cell], ''];
    else if (!quoted && character === '\n') [row, cell] = [rows.push([...row, cell]) > 0 ? [] : [], ''];
    else cell += character;
  }
  return rows;
}
