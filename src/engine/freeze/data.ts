/** The questions that a plan trains on, from the evaluation format and the Parquet sets that an evaluation reads. */
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { fileError, shown } from '../checkpoint/failure.js';
import { boxOf } from '../datasets/box.js';
import type { Question } from '../datasets/question.js';
import { readQuestionSet } from '../datasets/questionSet.js';
import { FrankensteinError } from '../errors.js';
import { boxScales, scaled } from '../grading/boxScale.js';
import { bytesOfImage, mediaTypeOf } from '../models/processor/decodeImage.js';
import type { TrainingQuestion } from './trainers/trainer.js';

/** Folder of the data in an experiment; paths of images begin with it. */
export const DATA = 'data';

/**
 * The questions of a file, or of all files of a folder. Boxes are turned into the coordinates in which the model
 * answers.
 * @throws `not-found`, and as `readQuestionSet`
 */
export async function readTraining(data: string, model: Checkpoint, signal?: AbortSignal): Promise<Question[]> {
  const facts = await stat(data).catch((error: unknown) => Promise.reject(fileError(error, data)));
  const files = facts.isDirectory()
    ? (await readdir(data))
        .filter((name) => /\.(?:jsonl|parquet)$/.test(name))
        .sort()
        .map((name) => path.join(data, name))
    : [data];
  if (files.length === 0) throw new FrankensteinError('not-found', `${shown(data)} holds no .jsonl or .parquet file.`);
  const questions: Question[] = [];
  for (const file of files) questions.push(...(await readQuestionSet(file, { signal })).items);
  if (!questions.some(({ answerType }) => answerType === 'box')) return questions;
  const [scales] = await boxScales([model], questions, signal);
  return questions.map((question) => {
    const scale = scales!.get(question.images[0] ?? '');
    const box = question.answerType === 'box' ? boxOf(question.answer) : undefined;
    return scale === undefined || box === undefined
      ? question
      : { ...question, answer: JSON.stringify(scaled(box, scale).map((value) => Math.round(value * 100) / 100)) };
  });
}

/** Ending per media type. */
const ENDINGS: Readonly<Record<string, string>> = { 'image/png': 'png', 'image/jpeg': 'jpg', 'image/webp': 'webp' };

/**
 * The questions with images as they will lie in the experiment, each image once.
 * @param write stores an image's bytes under a path from the experiment's folder.
 * @throws as `bytesOfImage`
 */
export async function placeImages(
  questions: readonly Question[],
  write: (name: string, bytes: Uint8Array) => Promise<void>,
  signal?: AbortSignal,
): Promise<TrainingQuestion[]> {
  const names = new Map<string, string>();
  const nameOf = async (image: string): Promise<string> => {
    const known = names.get(image);
    if (known !== undefined) return known;
    const bytes = await bytesOfImage(image, signal);
    const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    const name = `${DATA}/images/${hash}.${ENDINGS[mediaTypeOf(bytes) ?? ''] ?? 'png'}`;
    await write(name, bytes); // a second image of the same content is the same file
    names.set(image, name);
    return name;
  };
  const placed: TrainingQuestion[] = [];
  for (const question of questions) {
    const images: string[] = [];
    for (const image of question.images) images.push(await nameOf(image));
    placed.push({ ...question, images });
  }
  return placed;
}
