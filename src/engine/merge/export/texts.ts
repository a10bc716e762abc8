/** Writes everything that is no weight: config, tokenizer and processor files, index, model card. */
import { copyFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isRecipePath } from '../../checkpoint/base.js';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { malformed } from '../../checkpoint/failure.js';
import { fingerprint } from '../../checkpoint/fingerprint.js';
import { withoutQuantisation } from '../../checkpoint/quantizationConfig.js';
import type { StageRequest } from '../../checkpoint/stage.js';
import { readText } from '../../checkpoint/text.js';
import { throwIfCancelled } from '../../errors.js';
import { TEXT_LIMIT } from '../recipe/tree.js';
import { modelCard } from './card.js';
import type { ShardPlan } from './shards.js';

/** Everything that is no weight. */
export async function writeTexts(
  folder: string,
  checkpoint: Checkpoint,
  shards: readonly ShardPlan[],
  card: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const [name, file] of checkpoint.files) {
    throwIfCancelled(signal);
    if (name === 'config.json' || /^readme|\.index\.json$/i.test(name)) continue;
    if (!(await stat(file)).isFile()) throw malformed(file, 'is not a regular file.');
    await copyFile(file, path.join(folder, name));
  }
  // Every weight is written as a plain number.
  await writeFile(
    path.join(folder, 'config.json'),
    `${JSON.stringify(withoutQuantisation(checkpoint.config!), null, 2)}\n`,
  );
  const template = checkpoint.virtual?.chatTemplate;
  if (template !== undefined) await writeFile(path.join(folder, 'chat_template.jinja'), template);
  if (shards.length > 1) {
    const weightMap = Object.fromEntries(
      shards.flatMap(({ name, tensors }) => tensors.map(({ tensor }) => [tensor.onDisk, name])),
    );
    const total = shards.reduce((sum, { bytes, header }) => sum + bytes - header.length, 0);
    await writeFile(
      path.join(folder, 'model.safetensors.index.json'),
      `${JSON.stringify({ metadata: { total_size: total }, weight_map: weightMap }, null, 2)}\n`,
    );
  }
  await writeFile(path.join(folder, 'README.md'), card);
}

/** The model card: what it is made of, by fingerprint. */
export async function cardOf(
  checkpoint: Checkpoint,
  request: StageRequest,
  signal: AbortSignal | undefined,
): Promise<string> {
  const recipe =
    request.recipe ?? (isRecipePath(checkpoint.path) ? await readText(checkpoint.path, 4 * TEXT_LIMIT) : undefined);
  const sources = await Promise.all(
    (checkpoint.virtual?.sources ?? []).map(async (source) => ({
      path: source.path,
      fingerprint: await fingerprint(source, signal),
    })),
  );
  return modelCard({
    name: path.basename(checkpoint.virtual?.label ?? checkpoint.folder),
    summary: checkpoint.virtual?.summary,
    recipe,
    sources,
    fingerprint: await fingerprint(
      checkpoint,
      signal,
      sources.map((source) => source.fingerprint),
    ),
  });
}
