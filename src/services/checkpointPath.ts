/** Which checkpoint a path on disk stands for, as far as names tell. The engine has the last word. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { isEndpointPath } from '../engine/checkpoint/endpointPath.js';

/** Files that stand for the folder they lie in. */
const STANDS_FOR_FOLDER = [/^config\.json$/, /^model\.safetensors$/];
/** These too, unless transformers loads something else of the folder. */
const SHARD = /^model-\d+-of-\d+\.safetensors$/;
const INDEX = /\.safetensors\.index(?:\.[\w-]+)?\.json$/;
const DEFAULT_INDEX = 'model.safetensors.index.json';
const SINGLE_FILE = 'model.safetensors';
const ADAPTER_CONFIG = 'adapter_config.json';
const ADAPTER_FILE = /^adapter_(?:config\.json|model\.safetensors)$/;

/** The Hugging Face cache names the folder of a snapshot by its commit, which tells nobody anything. */
const IN_CACHE = /[\\/]models--([^\\/]+)[\\/]snapshots[\\/]([^\\/]+)$/;

/**
 * One spelling per checkpoint, so that the same comparison is found again whichever file it was started from. A shard
 * of a name of its own stays as it is: what it belongs to is the engine's to say. A folder with a model and an adapter
 * is the model; either file of the adapter is the adapter, `FOLDER/adapter_config.json`.
 */
export function checkpointOf(fsPath: string): string {
  const name = path.basename(fsPath);
  if (STANDS_FOR_FOLDER.some((pattern) => pattern.test(name))) return path.dirname(fsPath);
  if (standsForShards(name, path.dirname(fsPath))) return path.dirname(fsPath);
  if (ADAPTER_FILE.test(name))
    return holdsModel(path.dirname(fsPath)) ? path.join(path.dirname(fsPath), ADAPTER_CONFIG) : path.dirname(fsPath);
  return fsPath.length > 1 ? fsPath.replace(/[\\/]+$/, '') : fsPath;
}

/** A shard or an index of what `folder` means: of two models in it, the other one's do not. */
function standsForShards(name: string, folder: string): boolean {
  const isThere = (other: string) => existsSync(path.join(folder, other));
  if (SHARD.test(name) || name === DEFAULT_INDEX) return !isThere(SINGLE_FILE);
  return INDEX.test(name) && !isThere(SINGLE_FILE) && !isThere(DEFAULT_INDEX);
}

/** `folder` may have a base in front: `BASE+FOLDER`. */
function holdsModel(folder: string): boolean {
  for (const location of [folder, folder.slice(folder.lastIndexOf('+') + 1)]) {
    try {
      return readdirSync(location).some((name) => name === SINGLE_FILE || SHARD.test(name) || INDEX.test(name));
    } catch {
      // not there
    }
  }
  return false;
}

/** The folder that holds the checkpoint's files. */
export function folderOf(checkpoint: string): string {
  return checkpoint.endsWith('.safetensors') || INDEX.test(checkpoint) || isAdapterFile(checkpoint)
    ? path.dirname(checkpoint)
    : checkpointOf(checkpoint);
}

function isAdapterFile(checkpoint: string): boolean {
  return path.basename(checkpoint) === ADAPTER_CONFIG;
}

/** Two that have the same are the same checkpoint: its folder, or the adapter beside a model. */
export function identityOf(given: string): string {
  const checkpoint = checkpointOf(given);
  return isAdapterFile(checkpoint) ? checkpoint : folderOf(checkpoint);
}

/** How a checkpoint is named where there is no better label. */
export function labelOf(checkpoint: string): string {
  if (isEndpointPath(checkpoint))
    return checkpoint.slice(Math.max(checkpoint.lastIndexOf('#'), checkpoint.lastIndexOf('/')) + 1);
  const folder = checkpointOf(checkpoint);
  if (isAdapterFile(folder)) return `${labelOf(path.dirname(folder))} (adapter)`;
  const cached = IN_CACHE.exec(folder);
  if (cached !== null) return `${cached[1]!.replace('--', '/')}@${cached[2]!.slice(0, 7)}`;
  return path.basename(folder) || checkpoint;
}

/** What a checkpoint is, in a word or two: its family, or whose adapter. */
export function kindText({ family, adapterOf }: { family: string; adapterOf?: string | undefined }): string {
  if (adapterOf === undefined) return family;
  // A folder is called by its name, a model of the Hub by both.
  const base = path.isAbsolute(adapterOf) || /^\.|[\\/].*[\\/]/.test(adapterOf) ? path.basename(adapterOf) : adapterOf;
  return base === '' ? 'adapter' : `adapter of ${base}`;
}

/** Labels of several checkpoints, with the parent's name added where two would read the same. */
export function labelsOf(checkpoints: readonly string[]): string[] {
  const plain = checkpoints.map(labelOf);
  return plain.map((label, i) => {
    const unique = plain.every((other, j) => j === i || other !== label);
    return unique ? label : path.join(path.basename(path.dirname(folderOf(checkpointOf(checkpoints[i]!)))), label);
  });
}

/** The key under which two requests are the same: stages in order. Labels and cuts are ways to look at it. */
export function requestKey(stages: readonly { path: string }[]): string {
  return JSON.stringify(stages.map((stage) => checkpointOf(stage.path)));
}
