/** Which files hold whose answers to what: by the names that lmms-eval and the paper's scripts give them. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileError, shown } from '../../../checkpoint/failure.js';
import { FrankensteinError } from '../../../errors.js';
import { type EvaluateRequest, roleOf } from '../request.js';

export type ImportFormat = NonNullable<EvaluateRequest['imported']>['format'];

export interface ImportRequest {
  format: ImportFormat;
  /** Files, or folders of them at any depth. */
  paths: string[];
  /** A question set that the answers are held against. */
  data?: string | undefined;
  /** Names of the models, in the order in which they are found. */
  labels?: string[] | undefined;
  roles?: string[] | undefined;
}

interface Found {
  file: string;
  model: string;
  set: string;
  /** Sorts the files of one evaluation that was made several times. */
  date: string;
}

const DEPTH = 6;

/**
 * The evaluation that those files are.
 * @throws `not-found` where none is of the format, `bad-request` for two files of one model and set, and for names that do
 * not go with the models
 */
export async function importRequest(request: ImportRequest): Promise<EvaluateRequest> {
  const { format, data, labels, roles } = request;
  const files = (await Promise.all(request.paths.map((one) => filesBelow(path.resolve(one), DEPTH)))).flat();
  const found = [...new Set(files)].sort().flatMap((file) => FORMATS[format].read(file) ?? []);
  if (found.length === 0)
    throw new FrankensteinError(
      'not-found',
      `${request.paths.map(shown).join(', ')}: no file is called ${FORMATS[format].names}.`,
    );
  checkOnce(found);
  const models = [...new Set(found.map(({ model }) => model))];
  for (const [name, given] of Object.entries({ labels, roles }))
    if (given !== undefined && given.length !== models.length)
      throw new FrankensteinError(
        'bad-request',
        `--${name} names ${given.length}, and the files are of ${models.length}: ${models.map(shown).join(', ')}.`,
      );
  const folder = path.resolve(request.paths[0]!);
  return {
    checkpoints: models.map((model, index) => {
      const label = labels?.[index] ?? model;
      const role = roleOf(roles?.[index], label);
      return { path: folderOf(found.find((one) => one.model === model)!), label, ...(role && { role }) };
    }),
    data: data === undefined ? folder : path.resolve(data),
    imported: {
      format,
      isMatched: data !== undefined,
      files: found.map(({ file, model, set }) => ({ file, checkpoint: models.indexOf(model), set })),
    },
  };
}

const FORMATS: Record<ImportFormat, { names: string; read: (file: string) => Found | undefined }> = {
  'lmms-eval': {
    names: '…_samples_TASK.jsonl, as --log_samples writes them',
    read(file) {
      const [, date, task] = /^(?:(.*)_)?samples_(.+)\.jsonl$/.exec(path.basename(file)) ?? [];
      if (task === undefined) return undefined;
      return { file, model: path.basename(path.dirname(file)), set: task, date: date ?? '' };
    },
  },
  frankenstein: {
    names: 'results/MODEL/EXPERIMENT/SETTING.jsonl, as the scripts of the paper write them',
    read(file) {
      const parts = file.split(path.sep);
      const [model, set, name] = parts.slice(-3);
      if (parts.at(-4) !== 'results' || !name!.endsWith('.jsonl')) return undefined;
      return { file, model: model!, set: set!, date: '' };
    },
  },
};

/** Of a model's files. */
function folderOf({ file, model }: Found): string {
  const inside = `${path.sep}${model}${path.sep}`;
  return file.slice(0, file.lastIndexOf(inside) + inside.length - 1);
}

/** @throws `bad-request` */
function checkOnce(found: readonly Found[]): void {
  for (const [index, one] of found.entries()) {
    const other = found
      .slice(0, index)
      .find(({ model, set, date }) => model === one.model && set === one.set && date !== one.date);
    if (other !== undefined)
      throw new FrankensteinError(
        'bad-request',
        `${shown(other.file)} and ${shown(one.file)} are both ${shown(one.set)} by ${shown(one.model)}: name one of the two.`,
      );
  }
}

async function filesBelow(given: string, depth: number): Promise<string[]> {
  const facts = await stat(given).catch((error: unknown) => Promise.reject(fileError(error, given)));
  if (!facts.isDirectory()) return [given];
  if (depth === 0) return [];
  const entries = await readdir(given, { withFileTypes: true });
  const below = entries.map((entry) => {
    const full = path.join(given, entry.name);
    if (entry.isDirectory()) return filesBelow(full, depth - 1);
    return Promise.resolve(entry.isFile() ? [full] : []);
  });
  return (await Promise.all(below)).flat();
}
