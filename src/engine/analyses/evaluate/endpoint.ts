/** A model behind an address, asked as a checkpoint is: every question once, a few at a time, each answer kept. */

import { crc32, deflateSync } from 'node:zlib';
import type { EngineHost } from '../../calls.js';
import { checkOneAddress, connect, imagePart } from '../../chat/endpoint.js';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { endpointOf, isEndpointPath } from '../../checkpoint/endpointPath.js';
import { FrankensteinError } from '../../errors.js';
import { ordered } from '../../datasets/ordered.js';
import { encodedImage, readImageSize } from '../../models/processor/decodeImage.js';
import { type Framing } from '../../models/processor/framing.js';
import { checkModel, conversationOf, drawingOf, SCALES_ITSELF, seedOf, wholeText } from '../../models/served.js';
import type { Sampling } from '../declare/protocolText.js';
import { checkpointWithoutFiles } from './fileless.js';
import type { Answered, AskedQuestion } from './job.js';
import type { ParsedEvaluation } from './request.js';
import type { Served } from './result.js';
import type { QuestionSets } from './sets.js';

/** Requests under way at once where the user does not say. */
export const CONCURRENCY = 8;
/** An answer of tens of thousands of tokens takes minutes, and a server that starts anew takes some. */
const PATIENCE = { timeout: 900_000, attempts: 7 };

/** What results and runs say of it is its path and its name. */
export function endpointCheckpoint(place: string): Checkpoint {
  return checkpointWithoutFiles({ path: place, label: endpointOf(place).model, family: 'endpoint' });
}

/** Whether a server is asked: a model behind an address, or one that the user's program serves for this run. */
export function isServed({ serve }: Pick<ParsedEvaluation, 'serve'>, { path: place }: { path: string }): boolean {
  return serve !== undefined || isEndpointPath(place);
}

/** Changes whenever an endpoint would be asked for other draws with the same seed. */
export const DRAW_VERSION = 2;

/** What an endpoint cannot be told, and keys that would go to several addresses. @throws `bad-request` */
export function checkEndpoints(request: ParsedEvaluation): void {
  const { minPixels, maxPixels, endpointKey, grader, describer } = request;
  const served = request.checkpoints.flatMap(({ path: place }) =>
    isEndpointPath(place) ? [endpointOf(place).url] : [],
  );
  if ((served.length > 0 || request.serve !== undefined) && (minPixels ?? maxPixels) !== undefined)
    throw new FrankensteinError('bad-request', SCALES_ITSELF);
  const keyed = new Map<string, string[]>();
  const note = (variable: string | undefined, urls: readonly string[]) => {
    if (variable !== undefined) keyed.set(variable, [...(keyed.get(variable) ?? []), ...urls]);
  };
  note(endpointKey, served);
  for (const model of [grader, describer]) if (model?.kind === 'endpoint') note(model.keyVariable, [model.url]);
  for (const urls of keyed.values()) checkOneAddress(urls);
}

/** What is not known of the boxes that an endpoint answers with. */
export function boxWarnings(
  request: ParsedEvaluation,
  checkpoints: readonly Checkpoint[],
  { sets }: QuestionSets,
): string[] {
  const isAsked = sets.some(({ questions }) => questions.some(({ answerType }) => answerType === 'box'));
  if (!isAsked || !checkpoints.some((one) => isServed(request, one))) return [];
  return [
    'Boxes that an endpoint answers with are taken as pixels of the image file: how it scales images is not known.',
  ];
}

export interface EndpointJob {
  place: string;
  keyVariable: string | undefined;
  concurrency: number | undefined;
  asked: readonly AskedQuestion[];
  framing: Framing;
  maxNewTokens: number;
  sampling: Omit<Sampling, 'answers'> | undefined;
  badLines: 'stop' | 'skip';
}

/**
 * Asks all, and hands every answer on as it comes: what is there when it fails is not asked again.
 * @returns what was sent and received.
 * @throws `unavailable` when the server gives up, `mismatch` when another model answers, `bad-request`, `cancelled`
 */
export async function askEndpoint(
  { place, keyVariable, concurrency = CONCURRENCY, asked, framing, maxNewTokens, sampling, badLines }: EndpointJob,
  host: EngineHost | undefined,
  onAnswer: (answer: Answered) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<Omit<Served, 'checkpoint'>> {
  const { url, model } = endpointOf(place);
  const endpoint = await connect({ url, keyVariable }, host, PATIENCE);
  const begin = performance.now();
  const total = { answers: 0, prompt: 0, answer: 0, counted: 0 };
  await ordered(
    asked,
    concurrency,
    async (one, _, stop) => {
      let body;
      try {
        body = {
          model,
          messages: conversationOf(one.prompt, await partsOf(one, stop), framing),
          max_tokens: maxNewTokens,
          ...drawing(sampling, one.key),
        };
      } catch (error) {
        // An image that cannot be read is this question's trouble alone.
        if (stop.aborted || badLines !== 'skip' || !(error instanceof FrankensteinError)) throw error;
        return onAnswer({ key: one.key, text: null, why: error.message });
      }
      const reply = await endpoint.complete(body, stop);
      checkModel(reply, model, endpoint);
      total.answers++;
      if (reply.tokens !== undefined) {
        total.counted++;
        total.prompt += reply.tokens.prompt;
        total.answer += reply.tokens.answer;
      }
      await onAnswer({ key: one.key, text: wholeText(reply) });
    },
    signal,
  );
  const isCounted = total.counted > 0;
  return {
    answers: total.answers,
    promptTokens: isCounted ? total.prompt : null,
    answerTokens: isCounted ? total.answer : null,
    seconds: (performance.now() - begin) / 1000,
  };
}

/** Greedy unless drawn; every answer with random numbers of its own. */
function drawing(sampling: Omit<Sampling, 'answers'> | undefined, key: string): object {
  // Servers differ in how large a seed may be; all take 31 bits.
  return drawingOf(sampling && { ...sampling, seed: seedOf(sampling.seed, key) >>> 1 });
}

/** One per image, in their order. */
async function partsOf({ images, black }: AskedQuestion, signal: AbortSignal): Promise<object[]> {
  const parts: object[] = [];
  for (const image of images)
    parts.push(black ? await blackPart(image, signal) : imagePart(await encodedImage(image, signal)));
  return parts;
}

async function blackPart(image: string, signal: AbortSignal): Promise<object> {
  const { width, height } = await readImageSize(image, signal);
  return imagePart({ type: 'image/png', bytes: blackPng(width, height) });
}

/** Grey, 8 bits, all zero. */
export function blackPng(width: number, height: number): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const around = Buffer.alloc(8);
    around.writeUInt32BE(data.length, 0);
    around.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([around.subarray(0, 4), body, around.subarray(4)]);
  };
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc((width + 1) * height))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
