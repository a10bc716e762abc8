/**
 * Finds checkpoints and recipes below folders, and checkpoints in the Hugging Face cache, without opening a weight
 * file.
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CallContext } from '../calls.js';
import type { FoundCheckpoint } from './found.js';
import { throwIfCancelled } from '../errors.js';
import { layoutByNames } from '../families/list.js';
import { hubFolder, hubSnapshots } from './hub.js';
import { parsePythonJson } from './json.js';
import {
  ADAPTER,
  ADAPTER_CONFIG,
  DEFAULT_FILE,
  isAdapterFolder,
  mainWeights,
  onlyIndex,
  weightFiles,
} from './locate.js';
import { readText } from './text.js';
import { readWeightMap } from './weightMap.js';

/** Deep enough for `outputs/project/run/checkpoints/global_step_100/actor/huggingface`, with room. */
const DEPTH_LIMIT = 10;
/** Folders visited per root: a few seconds on a slow network disk. */
const FOLDER_LIMIT = 20_000;
/** Dependencies and caches, which hold no checkpoint of the user's and can hold a million files. */
const SKIPPED = new Set(['node_modules', '__pycache__', 'site-packages', 'wandb', 'tensorboard']);
const CONFIG_LIMIT = 16 * 1024 * 1024;

/** mergekit's configs have no ending of their own, so they are not told from other YAML. */
/** A plan of frozen trainings, `freeze.frank.yaml`, describes no checkpoint. */
const RECIPE = /^(?!freeze\.frank\.yaml$).*\.frank\.ya?ml$/i;

/**
 * Checkpoints in the order of their labels, those of the workspace first. Folders that cannot be read are passed over.
 */
export async function discover(
  request: { roots: string[]; huggingFaceCache: boolean },
  { signal }: CallContext = {},
): Promise<FoundCheckpoint[]> {
  const found = new Map<string, FoundCheckpoint>();
  for (const root of request.roots) await walk(path.resolve(root), found, signal);
  const workspace = [...found.values()].sort((a, b) => a.label.localeCompare(b.label, 'en', { numeric: true }));
  if (!request.huggingFaceCache) return workspace;
  const cached: FoundCheckpoint[] = [];
  for (const { folder, label } of await hubSnapshots(hubFolder())) {
    throwIfCancelled(signal);
    if (found.has(folder)) continue;
    cached.push(...(await recognise(folder, await names(folder), label, 'huggingface-cache', signal)));
  }
  return [...workspace, ...cached];
}

async function walk(root: string, found: Map<string, FoundCheckpoint>, signal: AbortSignal | undefined): Promise<void> {
  // Breadth first, so that the limit cuts the deepest folders. Real paths, so that links make no circle.
  const visited = new Set<string>();
  let level = [root];
  for (let depth = 0; depth <= DEPTH_LIMIT && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      throwIfCancelled(signal);
      if (visited.size >= FOLDER_LIMIT) return;
      const real = await realpath(folder).catch(() => undefined);
      if (real === undefined || visited.has(real)) continue;
      visited.add(real);
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      const label = path.relative(root, folder) || path.basename(root);
      for (const checkpoint of await recognise(
        folder,
        entries.map((entry) => entry.name),
        label,
        'workspace',
        signal,
      ))
        found.set(checkpoint.path, checkpoint);
      for (const { name } of entries)
        if (RECIPE.test(name)) found.set(path.join(folder, name), await recipeAt(root, path.join(folder, name)));
      for (const entry of entries) {
        // Hidden folders: .git, .venv, .cache and the runs of this product.
        if (entry.name.startsWith('.') || SKIPPED.has(entry.name)) continue;
        const child = path.join(folder, entry.name);
        if (entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(child)))) next.push(child);
      }
    }
    level = next;
  }
}

/**
 * The folder's model, or its adapter; an adapter beside a model is named by its config, since the folder is the
 * model's.
 */
async function recognise(
  folder: string,
  entries: readonly string[],
  label: string,
  source: FoundCheckpoint['source'],
  signal?: AbortSignal,
): Promise<FoundCheckpoint[]> {
  const model = await recogniseModel(folder, entries, label, source, signal);
  const adapter = entries.includes(ADAPTER_CONFIG)
    ? await recogniseAdapter(folder, entries, label, source, signal)
    : undefined;
  const beside =
    model !== undefined && adapter
      ? { ...adapter, path: path.join(folder, ADAPTER_CONFIG), label: `${label} (adapter)` }
      : adapter;
  return [model, beside].filter((one) => one !== undefined);
}

/**
 * A checkpoint when the folder holds weights and something that says what they are: a config, an index, a known name.
 */
async function recogniseModel(
  folder: string,
  entries: readonly string[],
  label: string,
  source: FoundCheckpoint['source'],
  signal?: AbortSignal,
): Promise<FoundCheckpoint | undefined> {
  if (isAdapterFolder(entries)) return undefined;
  const weights = weightFiles(entries);
  const main = mainWeights(entries) ?? onlyIndex(entries);
  const index = main === DEFAULT_FILE ? undefined : main;
  const hasConfig = entries.includes('config.json');
  if (weights.length === 0 || !(hasConfig || main !== undefined)) return undefined;
  const map =
    index === undefined ? undefined : await readWeightMap(path.join(folder, index), signal).catch(() => undefined);
  const modelType = hasConfig ? await readModelType(path.join(folder, 'config.json'), signal) : undefined;
  const family = modelType ?? (map === undefined ? undefined : layoutByNames(map.shardOf.keys())?.id) ?? 'unknown';
  let bytes = 0;
  for (const shard of map?.shards ?? (main === DEFAULT_FILE ? [main] : weights)) {
    bytes += await stat(path.join(folder, shard)).then(
      (facts) => facts.size,
      () => 0,
    );
  }
  return { path: folder, label, family, bytes, source };
}

async function recipeAt(root: string, file: string): Promise<FoundCheckpoint> {
  const bytes = await stat(file).then(
    (facts) => facts.size,
    () => 0,
  );
  return { path: file, label: path.relative(root, file), family: 'recipe', bytes, source: 'workspace' };
}

async function recogniseAdapter(
  folder: string,
  entries: readonly string[],
  label: string,
  source: FoundCheckpoint['source'],
  signal?: AbortSignal,
): Promise<FoundCheckpoint | undefined> {
  const file = entries.find((name) => ADAPTER.test(name));
  const [type, base] = await readTexts(
    path.join(folder, ADAPTER_CONFIG),
    ['peft_type', 'base_model_name_or_path'],
    signal,
  );
  if (file === undefined || type === undefined) return undefined;
  const bytes = await stat(path.join(folder, file)).then(
    (facts) => facts.size,
    () => 0,
  );
  return { path: folder, label, family: type, bytes, source, adapterOf: base ?? '' };
}

async function readModelType(file: string, signal?: AbortSignal): Promise<string | undefined> {
  return (await readTexts(file, ['model_type'], signal))[0];
}

/** Values of a config that are text. */
async function readTexts(file: string, keys: readonly string[], signal?: AbortSignal): Promise<(string | undefined)[]> {
  try {
    const config = parsePythonJson(await readText(file, CONFIG_LIMIT, signal), file) as Record<string, unknown> | null;
    return keys.map((key) => (typeof config?.[key] === 'string' ? config[key] : undefined));
  } catch {
    return keys.map(() => undefined); // listed all the same: opening it tells the user what is wrong
  }
}

async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function isFolder(file: string): Promise<boolean> {
  return stat(file).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
}
