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
}

export interface ChatEndpoint {
  /** Name or address and port, for people. */
  host: string;
  /** @throws `unavailable`, `cancelled` */
  complete(body: ChatBody, signal: AbortSignal | undefined): Promise<ChatReply>;
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
  return { host: url.host, complete: (body, signal) => post(server, JSON.stringify(body), signal) };
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

async function post(server: Server, body: string, signal: AbortSignal | undefined): Promise<ChatReply> {
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
      if (response.ok) return replyOf(await readReply(response, redact), url);
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
    choices?: { message?: { content?: unknown; reasoning_content?: unknown; reasoning?: unknown } }[];
    model?: unknown;
    usage?: { prompt_tokens?: unknown; completion_tokens?: unknown } | null;
  };
  const message = choices?.[0]?.message;
  const thought = message?.reasoning_content ?? message?.reasoning;
  const reasoning = typeof thought === 'string' && thought !== '' ? thought : undefined;
  // An answer that was cut off within its reasoning has no text.
  const text = message?.content ?? (reasoning === undefined ? undefined : '');
  if (typeof text !== 'string')
    throw new FrankensteinError('unavailable', `What ${url.host} answered is no chat completion.`);
  const [prompt, answer] = [usage?.prompt_tokens, usage?.completion_tokens];
  return {
    text,
    reasoning,
    model: typeof model === 'string' ? model : undefined,
    tokens: typeof prompt === 'number' && typeof answer === 'number' ? { prompt, answer } : undefined,
  };
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
