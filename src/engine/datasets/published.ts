/** Question sets in Parquet, told apart by their columns (`publishedSets.ts`), or mapped by the user. */
import path from 'node:path';
import { malformed, shown } from '../checkpoint/failure.js';
import { FrankensteinError, throwIfCancelled } from '../errors.js';
import { openParquet, type ParquetFile, type ParquetRow } from '../parquet/file.js';
import { mediaTypeOf, otherFormatOf } from '../models/processor/decodeImage.js';
import { bytesOf, imageName } from '../parquet/image.js';
import { cellOf, RowFilter } from './condition.js';
import { checkAllRead, isImageLike, placed } from './images.js';
import { type DataSet, imageBelow, type JsonObject, type ReadOptions } from './jsonl.js';
import { LineError } from './lineError.js';
import { askedWith, checkColumn, columnsOfMapping, type Mapping } from './mapping.js';
import { PUBLISHED_SETS } from './publishedSets.js';
import { checkBox, checkChoice, type Question, truthOf } from './question.js';
import { isThere, questionOfRow } from './rowQuestion.js';

/** Columns of images, of which all are read: one of these names, or numbered ones. */
function imageColumns(columns: readonly string[]): string[] {
  const one = ['decoded_image', 'images', 'image'].find((name) => columns.includes(name));
  const numbered = columns
    .filter((name) => /^image_\d+$/.test(name))
    .sort((a, b) => Number(a.slice(6)) - Number(b.slice(6)));
  return one === undefined ? numbered : one === 'image' ? [one, ...numbered] : [one];
}

function whyNoImage(bytes: Uint8Array, column: string): string {
  const other = otherFormatOf(bytes);
  return other === undefined
    ? `holds no PNG, JPEG or WebP image in "${shown(column)}".`
    : `holds ${other} in "${shown(column)}"; PNG, JPEG and WebP images are read.`;
}

/** The names of a row's images. @throws LineError */
async function imagesOf(file: string, row: ParquetRow, columns: readonly string[], index: number): Promise<string[]> {
  const names: string[] = [];
  for (const column of columns) {
    const cell = cellOf(row, column);
    const list = Array.isArray(cell);
    for (const [at, one] of (list ? (cell as unknown[]) : [cell]).entries()) {
      if (!isThere(one)) continue;
      const bytes = bytesOf(one);
      const path = typeof one === 'string' ? one : (one as { path?: unknown }).path;
      if (bytes !== undefined && bytes.length > 0) {
        if (mediaTypeOf(bytes) === undefined) throw new LineError(whyNoImage(bytes, column));
        names.push(imageName(file, column, index, list ? at : undefined));
      } else if (typeof path === 'string' && path !== '') names.push(await imageBelow(file, path, column));
      else throw new LineError(`has a "${shown(column)}" that is neither an image nor the name of one.`);
    }
  }
  return names;
}

/** Rows read at once: small without images. */
const [ROWS, IMAGE_ROWS] = [1024, 64];

/**
 * @throws `unsupported` for columns of no known set, `malformed` for a bad row (unless those are skipped),
 * `bad-request` for a column that is asked for and not there, and as `openParquet`.
 */
export async function readParquetQuestions(given: string, options: ReadOptions): Promise<DataSet<Question>> {
  const name = path.resolve(given);
  const file = await openParquet(name, options.signal);
  try {
    return await readRows(file, options);
  } finally {
    await file.close();
  }
}

/** The mapping of the user, or of the set that has these columns. @throws `unsupported`, `bad-request` */
function mappingOf({ file, columns }: ParquetFile, { mapping, promptColumn }: ReadOptions): Mapping {
  const has = (name: string) => name.split('|').some((one) => columns.includes(one));
  const found = mapping ?? PUBLISHED_SETS.find((set) => set.has.every(has));
  if (found === undefined)
    throw new FrankensteinError(
      'unsupported',
      `${shown(file)} has the columns ${columns.slice(0, 12).map(shown).join(', ')}, which are no ` +
        `question set that is known (${PUBLISHED_SETS.map((set) => set.name).join(', ')}): say which ` +
        'column holds what with --mapping.',
    );
  if (promptColumn !== undefined) checkColumn(promptColumn, columns, file);
  for (const column of mapping === undefined ? [] : columnsOfUser(mapping)) checkColumn(column, columns, file);
  return askedWith(found, promptColumn);
}

/** Of a user's mapping: those without which it means nothing. */
function columnsOfUser({ prompt, answer, images }: Mapping): string[] {
  return [prompt, answer]
    .flatMap((field) => (typeof field === 'string' && !field.includes('{') ? [field] : []))
    .concat(images ?? []);
}

async function readRows(file: ParquetFile, options: ReadOptions): Promise<DataSet<Question>> {
  const { badLines, signal, where = [] } = options;
  const mapping = mappingOf(file, options);
  const imageKeys = mapping.images ?? imageColumns(file.columns);
  const imageLike = file.columns.filter((column) => isImageLike(column) && column !== 'description');
  const wanted = [...columnsOfMapping(mapping), ...imageKeys, ...where.map(({ column }) => column)].flatMap((one) =>
    one.split('|'),
  );
  const read = file.columns.filter((column) => wanted.some((one) => one === column || one.startsWith(`${column}.`)));
  const columns = [...new Set([...read, ...imageLike])];
  await checkOthers(file, columns);
  const reader: RowReader = {
    file: file.file,
    mapping,
    imageKeys,
    read: new Set([...imageKeys, ...read]),
    seen: new Set(),
  };
  const filter = new RowFilter(where, file.file, file.columns);
  const set: DataSet<Question> = { file: file.file, items: [], badLines: [] };
  const step = imageLike.length > 0 ? IMAGE_ROWS : ROWS;
  for (let begin = 0; begin < file.rows; begin += step) {
    throwIfCancelled(signal);
    const rows = await file.read(columns, begin, Math.min(file.rows, begin + step));
    for (const [offset, row] of rows.entries()) {
      const index = begin + offset;
      if (!filter.accepts(row, index + 1)) continue;
      try {
        set.items.push(await readRow(reader, row, index));
      } catch (error) {
        if (!(error instanceof LineError)) throw error;
        if (badLines !== 'skip') throw malformed(file.file, `row ${index + 1} ${error.message}`);
        set.badLines.push({ line: index + 1, why: error.message });
      }
    }
  }
  filter.finish(set.items.length + set.badLines.length);
  if (set.items.length === 0) throw malformed(file.file, 'holds no usable row.');
  return set;
}

/** What a row is read with. */
interface RowReader {
  file: string;
  mapping: Mapping;
  /** Columns of images. */
  imageKeys: readonly string[];
  read: ReadonlySet<string>;
  /** Ids so far. */
  seen: Set<string>;
}

/** @throws LineError */
async function readRow(
  { file, mapping, imageKeys, read, seen }: RowReader,
  row: ParquetRow,
  index: number,
): Promise<Question> {
  const found = await imagesOf(file, row, imageKeys, index);
  checkAllRead(row, read, found.length);
  return finishedQuestion(questionOfRow(row, mapping, index, found.length > 0), found, imageKeys, seen);
}

/** With its images where they stand, held against the rules of all sets. @throws LineError */
function finishedQuestion(
  question: Omit<Question, 'images'>,
  found: readonly string[],
  imageKeys: readonly string[],
  seen: Set<string>,
): Question {
  if (seen.has(question.id))
    throw new LineError(`has the id "${shown(question.id.slice(0, 80))}" of an earlier row again.`);
  seen.add(question.id);
  const where = imageKeys.map((column) => `"${column}"`).join(', ');
  const { prompt, images } = placed(question.prompt, found, where);
  checkBox(question.answerType, images);
  const answer = truthOf(question.answer);
  checkChoice({ ...question, answer });
  return { ...question, answer, prompt, images };
}

/** JSON Lines that the user maps. @returns how a line is read. @throws LineError */
export function mappedLines(file: string, { mapping, promptColumn }: ReadOptions & { mapping: Mapping }) {
  const seen = new Set<string>();
  const asking = askedWith(mapping, promptColumn);
  return async (object: JsonObject, line: number): Promise<Question> => {
    const imageKeys = mapping.images ?? ['image', 'images'].filter((key) => isThere(object[key]));
    const found: string[] = [];
    for (const column of imageKeys)
      for (const one of [cellOf(object, column)].flat()) {
        if (!isThere(one)) continue;
        if (typeof one !== 'string') throw new LineError(`has a "${shown(column)}" that is not the name of an image.`);
        found.push(await imageBelow(file, one, column));
      }
    checkAllRead(object, new Set([...imageKeys, ...columnsOfMapping(mapping)]), found.length);
    return finishedQuestion(questionOfRow(object, asking, line - 1, found.length > 0), found, imageKeys, seen);
  };
}

/** Lines with the columns of a published set, which has no "prompt" of its own. @returns undefined for all others */
export function publishedLines(file: string, options: ReadOptions) {
  const readers = new Map<string, ReturnType<typeof mappedLines>>();
  return async (object: JsonObject, line: number): Promise<Question | undefined> => {
    const has = (name: string) => name.split('|').some((one) => isThere(object[one]));
    const { prompt } = object;
    const isOwn =
      options.promptColumn !== undefined ||
      isThere(object['answer_type']) ||
      typeof prompt === 'string' ||
      (Array.isArray(prompt) && !has('reward_model')) ||
      ['messages', 'conversations'].some(has);
    const set = isOwn ? undefined : PUBLISHED_SETS.find((one) => one.has.every(has));
    if (set === undefined) return undefined;
    const reader = readers.get(set.name) ?? mappedLines(file, { ...options, mapping: set });
    readers.set(set.name, reader);
    return reader(object, line);
  };
}

/** A column of images under another name must not go unread. @throws `unsupported` */
async function checkOthers(file: ParquetFile, read: readonly string[]): Promise<void> {
  const others = file.columns.filter((column) => !read.includes(column));
  if (others.length === 0 || file.rows === 0) return;
  const [first = {}] = await file.read(others, 0, 1);
  for (const column of others) {
    const cells = [first[column]].flat();
    if (cells.some((cell) => mediaTypeOf(bytesOf(cell) ?? new Uint8Array()) !== undefined))
      throw new FrankensteinError(
        'unsupported',
        `${shown(file.file)} has images in the column "${shown(column)}", which is not read: call it "images".`,
      );
  }
}
