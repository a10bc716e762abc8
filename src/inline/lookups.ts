/** The result that belongs to a document, ready to be asked. */
import path from 'node:path';
import type * as vscode from 'vscode';
import type { SpectrumResult } from '../protocol/engineApi.js';
import { TENSORS_SCHEME } from '../services/tensorDocuments.js';
import { messageOf } from '../services/errors.js';
import { localizationsOf, type ResultsIndex } from '../services/resultsIndex.js';
import { MOST_CONFIG_CHARACTERS } from './jsonKeys.js';
import { Functions } from './functions.js';
import { Lookup } from './lookup.js';

export const INDEX_FILES: vscode.DocumentFilter = { scheme: 'file', pattern: '**/*.safetensors.index.json' };
/** The tensors of a checkpoint without an index, as an index writes them. */
export const TENSOR_LISTS: vscode.DocumentFilter = { scheme: TENSORS_SCHEME };
export const CONFIG_FILES: vscode.DocumentFilter = { scheme: 'file', pattern: '**/config.json' };

export class Lookups {
  /** Built per result: maps over all tensors are not made anew for every hover. */
  private readonly built = new WeakMap<object, Map<number, Lookup>>();

  constructor(
    private readonly results: ResultsIndex,
    private readonly log: Pick<vscode.LogOutputChannel, 'error'>,
  ) {}

  /** Undefined when no finished run includes the checkpoint in this folder. Never rejects: a lens has nowhere to complain. */
  async ofFolder(folder: string): Promise<Lookup | undefined> {
    try {
      const found = await this.results.find('compare', folder);
      if (found === undefined) return undefined;
      const { result, stage } = found;
      const byStage = this.built.get(result) ?? new Map<number, Lookup>();
      this.built.set(result, byStage);
      const lookup = byStage.get(stage) ?? new Lookup(result, stage);
      byStage.set(stage, lookup);
      return lookup;
    } catch (error) {
      this.log.error(`Inline figures for ${folder}: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** Finished spectra of the same stages; undefined without any. Never rejects. */
  async spectraOf({ result }: Lookup): Promise<SpectrumResult | undefined> {
    try {
      const run = await this.results.ofStages('spectrum', result.stages);
      return run?.state === 'finished' ? await this.results.read('spectrum', run) : undefined;
    } catch (error) {
      this.log.error(`Spectra of ${result.stages.map(({ label }) => label).join(' → ')}: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** What finished localizations of the checkpoint in this folder say; undefined without any. Never rejects. */
  async functionsOf(document: vscode.TextDocument): Promise<Functions | undefined> {
    const folder = folderOfDocument(document);
    try {
      const found = await localizationsOf(this.results, folder);
      return found.length === 0 ? undefined : new Functions(found.map(({ result }) => result));
    } catch (error) {
      this.log.error(`Localization of ${folder}: ${messageOf(error)}`);
      return undefined;
    }
  }

  ofDocument(document: vscode.TextDocument): Promise<Lookup | undefined> {
    return this.ofFolder(folderOfDocument(document));
  }
}

export function folderOfDocument(document: vscode.TextDocument): string {
  return path.dirname(document.uri.fsPath);
}

export function isIndex(document: vscode.TextDocument): boolean {
  const { scheme, fsPath } = document.uri;
  return scheme === TENSORS_SCHEME || (scheme === 'file' && fsPath.endsWith('.safetensors.index.json'));
}

/** Many things are called `config.json`; a model's names its type or its architecture. */
export function isModelConfig(document: vscode.TextDocument): boolean {
  if (document.uri.scheme !== 'file' || path.basename(document.uri.fsPath) !== 'config.json') return false;
  const text = document.getText();
  return text.length <= MOST_CONFIG_CHARACTERS && /"(model_type|architectures)"\s*:/.test(text);
}
