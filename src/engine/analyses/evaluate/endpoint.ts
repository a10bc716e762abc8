/** A model behind an address, asked as a checkpoint is: every question once, a few at a time, each answer kept. */

import { crc32, deflateSync } from 'node:zlib';
import type { EngineHost } from '../../calls.js';
import { type ChatEndpoint, type ChatReply, connect, imagePart } from '../../chat/endpoint.js';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { endpointOf, isEndpointPath } from '../../checkpoint/endpointPath.js';
import { quoted } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import { ordered } from '../../datasets/ordered.js';
import { encodedImage, readImageSize } from '../../models/processor/decodeImage.js';
import { type Framing, messagesOf } from '../../models/processor/framing.js';
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

/** What an endpoint cannot be told, and what must not go to the wrong one. @throws `bad-request` */
export function checkEndpoints(
  { minPixels, maxPixels, endpointKey }: ParsedEvaluation,
  checkpoints: readonly Checkpoint[],
): void {
  const places = checkpoints.flatMap(({ path: place }) => (isEndpointPath(place) ? [place] : []));
  if (places.length === 0) return;
  if ((minPixels ?? maxPixels) !== undefined)
    throw new FrankensteinError(
      'bad-request',
      'An endpoint scales images itself: set its pixels where it is served, not with --min-pixels and --max-pixels.',
    );
  if (endpointKey !== undefined && new Set(places.map((place) => endpointOf(place).url)).size > 1)
    throw new FrankensteinError(
      'bad-request',
      '--endpoint-key goes to one address, and the endpoints have several: evaluate each address by itself.',
    );
}

/** What is not known of the boxes that an endpoint answers with. */
export function boxWarnings(checkpoints: readonly Checkpoint[], { sets }: QuestionSets): string[] {
  const isAsked = sets.some(({ questions }) => questions.some(({ answerType }) => answerType === 'box'));
  if (!isAsked || !checkpoints.some(({ path: place }) => isEndpointPath(place))) return [];
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
          messages: await conversationOf(one, framing, stop),
          max_tokens: maxNewTokens,
          ...drawing(sampling, one.answer),
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

/** Greedy unless drawn. The answers of a question differ by their seeds. */
function drawing(sampling: Omit<Sampling, 'answers'> | undefined, answer = 0): object {
  if (sampling === undefined) return { temperature: 0 };
  const { temperature, topP, topK, seed } = sampling;
  return {
    temperature,
    ...(topP !== null && { top_p: topP }),
    ...(topK !== null && { top_k: topK }),
    seed: seed + answer,
  };
}

/** With the reasoning where the model wrote it, as an answer of a checkpoint that runs here has it. */
function wholeText({ text, reasoning }: ChatReply): string {
  if (reasoning === undefined) return text;
  return text === '' ? `<think>${reasoning}` : `<think>${reasoning}</think>${text}`;
}

/** Servers answer with the name that was asked for, or with one that holds it: a date or a revision behind it. */
function checkModel({ model: given }: ChatReply, asked: string, { host }: ChatEndpoint): void {
  if (given === undefined || given.includes(asked) || asked.endsWith(given)) return;
  throw new FrankensteinError(
    'mismatch',
    `${host} answered as ${quoted(given)}, and ${quoted(asked)} was asked: its answers would count for another model.`,
  );
}

/** The conversation that a checkpoint here is asked with, images in their places. */
async function conversationOf(
  { prompt, images, black }: AskedQuestion,
  framing: Framing,
  signal: AbortSignal,
): Promise<object[]> {
  const parts: object[] = [];
  for (const image of images)
    parts.push(black ? await blackPart(image, signal) : imagePart(await encodedImage(image, signal)));
  return messagesOf(prompt, images.length, framing).map(({ role, content }) => ({
    role,
    content:
      typeof content === 'string' ? content : content.map((one) => (one.type === 'image' ? parts.shift()! : one)),
  }));
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
