/** Paired probes in the format of the paper's authors: two images, one prompt. */
import { boxOf, type Box } from './box.js';
import {
  identity,
  type DataSet,
  type JsonObject,
  optionalText,
  imageBelow,
  promptFrom,
  readJsonl,
  type ReadOptions,
  text,
} from './jsonl.js';
import { LineError } from './lineError.js';

export type ProbeTask = 'counting' | 'ocr' | 'grounding' | 'recognition';

export const PROBE_TASKS: readonly ProbeTask[] = ['counting', 'ocr', 'grounding', 'recognition'];

export interface ProbeSample {
  id: string;
  task: ProbeTask;
  /** Absolute paths. */
  targetImage: string;
  /** Undefined stands for a black image (recognition only). */
  sourceImage: string | undefined;
  /** As it is in the file; may begin with `<image>`. */
  prompt: string;
  /** True answers for either image (counting, recognition: answer; ocr: text); undefined where the file has none. */
  targetAnswer: string | undefined;
  sourceAnswer: string | undefined;
  /** True boxes (grounding). */
  targetBox: Box | undefined;
  sourceBox: Box | undefined;
  /** Overlap with the source's box from which the answer counts as changed (grounding). */
  iouThreshold: number;
}

const DEFAULT_IOU = 0.5;
/** Names that other files of this format use. */
const ALIASES: Record<string, ProbeTask> = {
  count: 'counting',
  text: 'ocr',
  object_recognition: 'recognition',
  'object recognition': 'recognition',
  object_grounding: 'grounding',
};

/** @throws as `readJsonl` */
export async function readProbeSet(file: string, options: ReadOptions = {}): Promise<DataSet<ProbeSample>> {
  const seen = new Map<string, number>();
  return readJsonl(
    file,
    async (given, line) => {
      const object = promptFrom(given, options.promptColumn);
      const task = taskOf(text(object, 'task'));
      const meta = metaOf(object);
      const [targetName, sourceName] = [text(object, 'target_image'), optionalText(object, 'source_image')];
      if (sourceName === undefined && task !== 'recognition') throw new LineError('has no "source_image".');
      const ocr = task === 'ocr';
      const threshold = meta['iou_threshold'] ?? DEFAULT_IOU;
      if (typeof threshold !== 'number' || !(threshold >= 0 && threshold <= 1))
        throw new LineError('has an "iou_threshold" that is no number from 0 to 1.');
      const boxes =
        task === 'grounding'
          ? { target: box(meta, 'target_bbox_xyxy'), source: box(meta, 'source_bbox_xyxy') }
          : undefined;
      if (boxes !== undefined && boxes.source === undefined)
        throw new LineError(
          'has no "source_bbox_xyxy" in its "meta": without it nobody can tell whether the box moved.',
        );
      return {
        id: identity(object, seen, line),
        task,
        targetImage: await imageBelow(file, targetName, 'target_image'),
        sourceImage: sourceName === undefined ? undefined : await imageBelow(file, sourceName, 'source_image'),
        prompt: text(object, 'prompt'),
        targetAnswer: plain(meta[ocr ? 'target_text' : 'target_answer']),
        sourceAnswer: plain(meta[ocr ? 'source_text' : 'source_answer']),
        targetBox: boxes?.target,
        sourceBox: boxes?.source,
        iouThreshold: threshold,
      };
    },
    options,
  );
}

function taskOf(name: string): ProbeTask {
  const lower = name.trim().toLowerCase();
  const task = PROBE_TASKS.find((known) => known === lower) ?? ALIASES[lower];
  if (task === undefined)
    throw new LineError(`has the task "${name.slice(0, 60)}"; there are ${PROBE_TASKS.join(', ')}.`);
  return task;
}

function metaOf(object: JsonObject): JsonObject {
  const meta = object['meta'] ?? {};
  if (typeof meta !== 'object' || meta === null || Array.isArray(meta))
    throw new LineError('has a "meta" that is no object.');
  return meta as JsonObject;
}

function plain(value: unknown): string | undefined {
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : undefined;
}

function box(meta: JsonObject, key: string): Box | undefined {
  const value = meta[key];
  if (value === undefined || value === null) return undefined;
  const found = boxOf(value);
  if (found === undefined) throw new LineError(`has a "${key}" that is not four numbers.`);
  return found;
}
