/** The JSON files of a processor. */
import { malformed } from '../../checkpoint/failure.js';
import { parsePythonJson } from '../../checkpoint/json.js';
import { readText } from '../../checkpoint/text.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Bytes. The largest tokenizers have some 35 MB. */
export const FILE_LIMIT = 256 * 1024 * 1024;

export function isRecord(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws `not-found`, `permission`, `malformed` when it is no JSON object; `cancelled`. */
export async function readJson(file: string, signal?: AbortSignal): Promise<JsonObject> {
  const value = parsePythonJson(await readText(file, FILE_LIMIT, signal), file);
  if (!isRecord(value)) throw malformed(file, 'is not a JSON object.');
  return value;
}
