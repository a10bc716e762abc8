/** A model behind an address: the conversation that it is sent, how its tokens are drawn, and one prompt to it. */
import { createHash } from 'node:crypto';
import type { CallContext, EngineHost } from '../calls.js';
import { type ChatEndpoint, type ChatReply, connect, imagePart } from '../chat/endpoint.js';
import { endpointOf } from '../checkpoint/endpointPath.js';
import { quoted } from '../checkpoint/failure.js';
import { FrankensteinError } from '../errors.js';
import { encodedImage } from './processor/decodeImage.js';
import { type Framing, messagesOf } from './processor/framing.js';
import type { GenerateProgress, GenerateRequest, GenerateResult } from './request.js';

/** Who waits for one answer waits less long than a run does. */
const PATIENCE = { timeout: 300_000, attempts: 3 };
const DEFAULT_NEW_TOKENS = 128;

/** How tokens are drawn; what is left out or null is the server's own. */
export interface Drawing {
  temperature: number;
  topP?: number | null | undefined;
  topK?: number | null | undefined;
  seed?: number | undefined;
}

/** As the protocol says it. Greedy when undefined. */
export function drawingOf(drawing: Drawing | undefined): object {
  if (drawing === undefined) return { temperature: 0 };
  const { temperature, topP, topK, seed } = drawing;
  return {
    temperature,
    ...(typeof topP === 'number' && { top_p: topP }),
    ...(typeof topK === 'number' && { top_k: topK }),
    ...(seed !== undefined && { seed }),
  };
}

/**
 * An answer's random numbers depend on the seed, the prompt and its own number: not on what is asked beside it, and not on
 * the numbers of another seed. @param key of the answer @returns 32 bits
 */
export function seedOf(seed: number, key: string): number {
  return createHash('sha256').update(`${seed}\0${key}`).digest().readUInt32LE(0);
}

/** The conversation that a checkpoint here is asked with, images in their places. @param parts one per image */
export function conversationOf(prompt: string, parts: readonly object[], framing: Framing): object[] {
  const left = [...parts];
  return messagesOf(prompt, parts.length, framing).map(({ role, content }) => ({
    role,
    content: typeof content === 'string' ? content : content.map((one) => (one.type === 'image' ? left.shift()! : one)),
  }));
}

/** With the reasoning where the model wrote it, as an answer of a checkpoint that runs here has it. */
export function wholeText({ text, reasoning }: Pick<ChatReply, 'text' | 'reasoning'>): string {
  if (reasoning === undefined) return text;
  return text === '' ? `<think>${reasoning}` : `<think>${reasoning}</think>${text}`;
}

/**
 * Servers answer with the name that was asked for, or with one that holds it: a date or a revision behind it.
 * @throws `mismatch`
 */
export function checkModel(
  { model: given }: Pick<ChatReply, 'model'>,
  asked: string,
  { host }: Pick<ChatEndpoint, 'host'>,
): void {
  if (given === undefined || given.includes(asked) || asked.endsWith(given)) return;
  throw new FrankensteinError(
    'mismatch',
    `${host} answered as ${quoted(given)}, and ${quoted(asked)} was asked: its answers would count for another model.`,
  );
}

/**
 * One prompt to a model behind an address; its answer streams where the server streams.
 * @throws `bad-request` for what an endpoint cannot be told, `unavailable`, `mismatch`, `cancelled`
 */
export async function askServed(
  request: GenerateRequest,
  host: EngineHost | undefined,
  { signal, progress }: CallContext<GenerateProgress> = {},
): Promise<GenerateResult> {
  refuseUnknown(request);
  const { url, model } = endpointOf(request.path);
  const { maxNewTokens = DEFAULT_NEW_TOKENS, sampling } = request;
  const endpoint = await connect({ url, keyVariable: request.endpointKey }, host, PATIENCE);
  const parts: object[] = [];
  for (const file of request.images ?? []) parts.push(imagePart(await encodedImage(file, signal)));
  const body = {
    model,
    messages: conversationOf(request.prompt, parts, request),
    max_tokens: maxNewTokens,
    ...drawingOf(sampling),
  };
  let shown = '';
  const reply = await endpoint.stream(
    body,
    (soFar) => {
      const whole = wholeText(soFar);
      if (!whole.startsWith(shown) || whole === shown) return;
      progress?.({ text: whole.slice(shown.length) });
      shown = whole;
    },
    signal,
  );
  checkModel(reply, model, endpoint);
  return {
    text: wholeText(reply),
    tokenIds: [],
    ...(reply.tokens && { newTokens: reply.tokens.answer }),
    promptTokens: reply.tokens?.prompt ?? 0,
    topLogits: [],
    ended: reply.cut ? 'length' : 'stop',
    provider: endpoint.host,
    notices: [],
  };
}

/** @throws `bad-request` */
function refuseUnknown({ minPixels, maxPixels, provider }: GenerateRequest): void {
  if ((minPixels ?? maxPixels) !== undefined) throw new FrankensteinError('bad-request', SCALES_ITSELF);
  if (provider !== undefined && provider !== 'cpu')
    throw new FrankensteinError('bad-request', 'An endpoint runs where it is served: --provider says nothing to it.');
}

export const SCALES_ITSELF =
  'An endpoint scales images itself: set its pixels where it is served, not with --min-pixels and --max-pixels.';
