/**
 * An address that speaks the OpenAI chat completions protocol. Its key comes from the environment or from the host, and
 * goes into the header of its requests and nowhere else: what the server says is read without it (`Redact`).
 */
import { shown } from '../checkpoint/failure.js';
import type { EngineHost } from '../calls.js';
import { FrankensteinError, throwIfCancelled } from '../errors.js';

/** One turn, as it is sent: `messages` and how tokens are drawn. */
export type ChatBody = Readonly<Record<string, unknown>> & { messages: readonly unknown[] };

export interface ChatReply {
  text: string;
  /** What a server takes out of the answer as its reasoning. */
  reasoning: string | undefined;
  /** The model that answered, as the server calls it. */
  model: string | undefined;
  /** As the server counts them. */
  tokens: { prompt: number; answer: number } | undefined;
  /** It ended because it was as long as it may be. */
  cut: boolean;
}

export interface ChatEndpoint {
  /** Name or address and port, for people. */
  host: string;
  /** @throws `unavailable`, `cancelled` */
  complete(body: ChatBody, signal: AbortSignal | undefined): Promise<ChatReply>;
  /** The same, told as it comes where the server streams. @throws as `complete`; what was told is not asked again */
  stream(
    body: ChatBody,
    tell: (soFar: Pick<ChatReply, 'text' | 'reasoning'>) => void,
    signal: AbortSignal | undefined,
  ): Promise<ChatReply>;
}

export interface Patience {
  /** Milliseconds that one answer may take. */
  timeout: number;
  attempts: number;
}

/**
 * Milliseconds before the second attempt; twice as long before each later one. A server may ask for up to `MOST_WAIT`.
 */
const FIRST_WAIT = 1000;
const MOST_WAIT = 60_000;
const UNREACHED_ATTEMPTS = 2;
/** Bytes of an answer that is read: a verdict or a paragraph. */
const MOST_BYTES = 1 << 20;

/**
 * The endpoint, ready to be asked.
 * @param keyVariable of the environment; without one, the host is asked for the key of this address.
 * @throws `bad-request` for an address that is none, or a key that is not there or no header may hold.
 */
export async function connect(
  { url: given, keyVariable }: { url: string; keyVariable?: string | undefined },
  host: EngineHost | undefined,
  patience: Patience,
): Promise<ChatEndpoint> {
  const url = addressOf(given);
  const key =
    keyVariable === undefined ? ((await host?.languageModelKey({ url: given })) ?? undefined) : keyIn(keyVariable);
  if (key !== undefined && !HEADER_VALUE.test(key))
    throw new FrankensteinError(
      'bad-request',
      `The key of the language model at ${url.host} has a character that no header may hold, ` +
        'such as a line break; enter it again.',
    );
  const server: Server = { url, key, redact: redactor(key), patience, reached: false };
  const read = async (response: Response) => replyOf(await readReply(response, server.redact), url);
  return {
    host: url.host,
    complete: (body, signal) => post(server, JSON.stringify(body), read, signal),
    stream: (body, tell, signal) =>
      post(
        server,
        JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
        (response) =>
          response.headers.get('content-type')?.startsWith('text/event-stream') === true
            ? readStream(response, { key, redact: server.redact, host: url.host }, tell)
            : read(response),
        signal,
      ),
  };
}

/**
 * A key is for one address: sent to a second one, it would be known there.
 * @param urls that would get the same key @throws `bad-request` for several, or for one that is none
 */
export function checkOneAddress(urls: readonly string[]): void {
  const addresses = [...new Map(urls.map((url) => [addressOf(url).href, url])).values()];
  if (addresses.length > 1)
    throw new FrankensteinError(
      'bad-request',
      `A key goes to one address, and this would send it to several: ${addresses.map(shown).join(', ')}. ` +
        'Ask each address by itself.',
    );
}

/** An image in a message. */
export function imagePart({ type, bytes }: { type: string; bytes: Uint8Array }): object {
  return { type: 'image_url', image_url: { url: `data:${type};base64,${Buffer.from(bytes).toString('base64')}` } };
}

/** Printable ASCII: with anything else the runtime refuses the header, and quotes it. */
const HEADER_VALUE = /^[\x20-\x7e]+$/;

/** Takes the key out of a text. */
type Redact = (text: string) => string;

/**
 * A server may repeat the header that it was sent, in an error or in an answer: what it says is shown, logged and
 * stored.
 */
function redactor(key: string | undefined): Redact {
  const secret = key?.trim() ?? '';
  return secret === '' ? (text) => text : (text) => text.replaceAll(secret, '(key)');
}

function addressOf(given: string): URL {
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw new FrankensteinError(
      'bad-request',
      `"${shown(given)}" is no address of a language model; give one such as http://localhost:8000/v1.`,
    );
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new FrankensteinError('bad-request', `"${shown(given)}" is no http or https address.`);
  // What stands in an address is shown and stored with it.
  if (url.username !== '' || url.password !== '')
    throw new FrankensteinError(
      'bad-request',
      `The address of the language model at ${url.host} holds a user name or a password; ` +
        'leave them out and give the key as its key.',
    );
  if (!url.pathname.endsWith('/chat/completions')) url.pathname = `${url.pathname.replace(/\/$/, '')}/chat/completions`;
  return url;
}

function keyIn(variable: string | undefined): string | undefined {
  if (variable === undefined) return undefined;
  const key = process.env[variable];
  if (key === undefined || key === '')
    throw new FrankensteinError(
      'bad-request',
      `The environment variable ${shown(variable)} with the language model's key is not set.`,
    );
  return key;
}

interface Server {
  url: URL;
  key: string | undefined;
  redact: Redact;
  patience: Patience;
  /** Something has answered there. Before that, a wrong address is likelier than a server that starts anew. */
  reached: boolean;
}

async function post(
  server: Server,
  body: string,
  read: (response: Response) => Promise<ChatReply>,
  signal: AbortSignal | undefined,
): Promise<ChatReply> {
  const {
    url,
    key,
    redact,
    patience: { timeout, attempts },
  } = server;
  const headers = {
    'content-type': 'application/json',
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  };
  for (let attempt = 1; ; attempt++) {
    throwIfCancelled(signal);
    const limit = AbortSignal.timeout(timeout);
    let wait = FIRST_WAIT * 2 ** (attempt - 1);
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body,
        // Not followed: the key is for this address.
        redirect: 'manual',
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      });
      server.reached = true;
      if (response.ok) return await read(response);
      const retry = response.status === 429 || response.status >= 500;
      if (!retry || attempt === attempts)
        throw new FrankensteinError(
          'unavailable',
          `The language model at ${url.host} answered with status ` +
            `${response.status}${said(await readReply(response, redact))}.`,
        );
      wait = Math.max(wait, askedWait(response));
    } catch (error) {
      throwIfCancelled(signal);
      if (error instanceof FrankensteinError) throw error;
      if (attempt === (server.reached ? attempts : UNREACHED_ATTEMPTS))
        throw new FrankensteinError(
          'unavailable',
          `The language model at ${url.host} could not be ` +
            `reached${limit.aborted ? ` within ${timeout / 1000} seconds` : ''}.`,
          { cause: error },
        );
    }
    await pause(Math.min(wait, MOST_WAIT), signal);
  }
}

/** Milliseconds that a busy server asks for; 0 where it says nothing that counts. */
function askedWait({ headers }: Response): number {
  const seconds = Number(headers.get('retry-after') ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? 1000 * seconds : 0;
}

/**
 * The JSON that was answered, without the key; undefined where it is none. The only way by which a server's text comes
 * in.
 */
async function readReply(response: Response, redact: Redact): Promise<unknown> {
  const body = await readBounded(response);
  try {
    return JSON.parse(body, (_, value: unknown) => (typeof value === 'string' ? redact(value) : value));
  } catch {
    return undefined;
  }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += (chunk as Uint8Array).length;
    if (bytes > MOST_BYTES)
      throw new FrankensteinError('unavailable', `The language model's answer is longer than ${MOST_BYTES} bytes.`);
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function replyOf(reply: unknown, url: URL): ChatReply {
  const { choices, model, usage } = (reply ?? {}) as {
    choices?: { message?: Spoken; finish_reason?: unknown }[];
    model?: unknown;
    usage?: Usage;
  };
  const message = choices?.[0]?.message;
  const reasoning = thoughtIn(message);
  // An answer that was cut off within its reasoning has no text.
  const text = message?.content ?? (reasoning === undefined ? undefined : '');
  if (typeof text !== 'string')
    throw new FrankensteinError('unavailable', `What ${url.host} answered is no chat completion.`);
  return {
    text,
    reasoning,
    model: typeof model === 'string' ? model : undefined,
    tokens: tokensIn(usage),
    cut: choices![0]!.finish_reason === 'length',
  };
}

interface Spoken {
  content?: unknown;
  reasoning_content?: unknown;
  reasoning?: unknown;
}
type Usage = { prompt_tokens?: unknown; completion_tokens?: unknown } | null | undefined;

function thoughtIn(spoken: Spoken | undefined): string | undefined {
  const thought = spoken?.reasoning_content ?? spoken?.reasoning;
  return typeof thought === 'string' && thought !== '' ? thought : undefined;
}

function tokensIn(usage: Usage): ChatReply['tokens'] {
  const [prompt, answer] = [usage?.prompt_tokens, usage?.completion_tokens];
  return typeof prompt === 'number' && typeof answer === 'number' ? { prompt, answer } : undefined;
}

/** Bytes of a stream that are read: a token comes with some hundred of them. */
const MOST_STREAMED = 16 << 20;

/**
 * Server-sent events: a line `data: …` per piece. What may be the beginning of the key is told when more is known.
 * @throws `unavailable` for a stream that breaks off, says an error, or has no end
 */
async function readStream(
  response: Response,
  { key = '', redact, host }: { key: string | undefined; redact: Redact; host: string },
  tell: (soFar: Pick<ChatReply, 'text' | 'reasoning'>) => void,
): Promise<ChatReply> {
  const reply: ChatReply = { text: '', reasoning: undefined, model: undefined, tokens: undefined, cut: false };
  const held = Math.max(0, key.length - 1);
  const certain = (text: string) => {
    const plain = redact(text);
    return plain.slice(0, Math.max(0, plain.length - held));
  };
  let ended = false;
  for await (const event of eventsOf(response)) {
    if (event === '[DONE]') {
      ended = true;
      break;
    }
    const piece = pieceOf(event, redact, host);
    const [choice] = piece.choices ?? [];
    if (typeof piece.model === 'string') reply.model = redact(piece.model);
    reply.tokens = tokensIn(piece.usage) ?? reply.tokens;
    if (choice?.finish_reason !== undefined && choice.finish_reason !== null) {
      ended = true;
      reply.cut = choice.finish_reason === 'length';
    }
    const thought = thoughtIn(choice?.delta);
    if (thought !== undefined) reply.reasoning = (reply.reasoning ?? '') + thought;
    if (typeof choice?.delta?.content === 'string') reply.text += choice.delta.content;
    const { text, reasoning } = reply;
    if (text === '' && reasoning === undefined) continue;
    tell({
      text: certain(text),
      reasoning: reasoning === undefined ? undefined : text === '' ? certain(reasoning) : redact(reasoning),
    });
  }
  if (!ended)
    throw new FrankensteinError('unavailable', `The answer of the language model at ${host} broke off before its end.`);
  const { text, reasoning } = reply;
  return { ...reply, text: redact(text), reasoning: reasoning === undefined ? undefined : redact(reasoning) };
}

interface Piece {
  choices?: { delta?: Spoken; finish_reason?: unknown }[];
  model?: unknown;
  usage?: Usage;
  error?: { message?: unknown };
}

/** @throws `unavailable` */
function pieceOf(event: string, redact: Redact, host: string): Piece {
  let piece: Piece | null;
  try {
    piece = JSON.parse(event) as Piece | null;
  } catch {
    throw new FrankensteinError('unavailable', `What ${host} streams is no chat completion.`);
  }
  if (piece?.error !== undefined) {
    const { message } = piece.error;
    const why = typeof message === 'string' ? said({ error: { message: redact(message) } }) : '';
    throw new FrankensteinError('unavailable', `The language model at ${host} stopped with an error${why}.`);
  }
  return piece ?? {};
}

/** What stands behind `data:` in each line. @throws `unavailable` for too much */
async function* eventsOf(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let [partial, bytes] = ['', 0];
  for await (const chunk of response.body ?? []) {
    bytes += (chunk as Uint8Array).length;
    if (bytes > MOST_STREAMED)
      throw new FrankensteinError('unavailable', `The language model's answer is longer than ${MOST_STREAMED} bytes.`);
    const lines = (partial + decoder.decode(chunk as Uint8Array, { stream: true })).split(/\r?\n/);
    partial = lines.pop()!;
    for (const line of lines) if (line.startsWith('data:')) yield line.slice('data:'.length).trim();
  }
  if (partial.startsWith('data:')) yield partial.slice('data:'.length).trim();
}

function said(reply: unknown): string {
  const message = (reply as { error?: { message?: unknown } } | null | undefined)?.error?.message;
  return typeof message === 'string' ? `: ${shown(message.slice(0, 200)).replace(/\.$/, '')}` : '';
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
    signal?.addEventListener('abort', done, { once: true });
  });
}
