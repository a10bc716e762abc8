/**
 * A language model that the user has chosen to judge answers or to describe images: an endpoint that speaks the OpenAI
 * chat completions protocol, or a model of the editor. Used only where a request names one.
 */
import { FrankensteinError, throwIfCancelled } from '../errors.js';
import { shown } from '../checkpoint/failure.js';
import type { EngineHost } from '../calls.js';

export interface Prompt {
  text: string;
  /** PNG, JPEG or WebP bytes. */
  picture?: { type: string; bytes: Uint8Array } | undefined;
}

export interface LanguageModel {
  /** What results call it. */
  name: string;
  /** Prompts that may be under way at once. */
  parallel: number;
  complete(prompt: Prompt, signal: AbortSignal | undefined): Promise<string>;
}

/** Milliseconds. */
const TIMEOUT = 120_000;
const ATTEMPTS = 4;
const FIRST_WAIT = 1000;
/** Bytes of an answer that is read: a verdict or a paragraph. */
const MOST_BYTES = 1 << 20;

/**
 * The model, ready to be asked. An endpoint's key is fetched here, from the environment or from the host, and goes
 * into the header of its requests and nowhere else: what the endpoint says is read without it (`Redact`).
 * @throws `bad-request` for an address that is none, or a key that is not there or no header may hold.
 */
export async function languageModelOf(
  request: LanguageModelRequest,
  host: EngineHost | undefined,
): Promise<LanguageModel> {
  if (request.kind === 'editor') {
    if (host === undefined)
      throw new FrankensteinError(
        'bad-request',
        "The editor's language models are there in VS Code only; name an endpoint.",
      );
    return {
      name: request.model,
      parallel: 2,
      complete: ({ text, picture: image }, signal) =>
        host.complete({ model: request.model, prompt: text, picture: image }, { signal }),
    };
  }
  const url = endpointOf(request.url);
  const key =
    request.keyVariable === undefined
      ? ((await host?.languageModelKey({ url: request.url })) ?? undefined)
      : keyIn(request.keyVariable);
  if (key !== undefined && !HEADER_VALUE.test(key))
    throw new FrankensteinError(
      'bad-request',
      `The key of the language model at ${url.host} has a character that no header may hold, ` +
        'such as a line break; enter it again.',
    );
  return {
    name: request.model,
    parallel: 4,
    complete: (prompt, signal) => post({ url, model: request.model, key, redact: redactor(key) }, prompt, signal),
  };
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

function endpointOf(given: string): URL {
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

interface Endpoint {
  url: URL;
  model: string;
  key: string | undefined;
  redact: Redact;
}

async function post(
  { url, model, key, redact }: Endpoint,
  { text, picture: image }: Prompt,
  signal: AbortSignal | undefined,
): Promise<string> {
  const content =
    image === undefined
      ? text
      : [
          {
            type: 'image_url',
            image_url: { url: `data:${image.type};base64,${Buffer.from(image.bytes).toString('base64')}` },
          },
          { type: 'text', text },
        ];
  const body = JSON.stringify({ model, messages: [{ role: 'user', content }], temperature: 0 });
  const headers = {
    'content-type': 'application/json',
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  };
  for (let attempt = 1; ; attempt++) {
    throwIfCancelled(signal);
    const limit = AbortSignal.timeout(TIMEOUT);
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body,
        redirect: 'error',
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      });
      if (response.ok) return answerOf(await readReply(response, redact), url);
      const retry = response.status === 429 || response.status >= 500;
      if (!retry || attempt === ATTEMPTS)
        throw new FrankensteinError(
          'unavailable',
          `The language model at ${url.host} answered with status ` +
            `${response.status}${said(await readReply(response, redact))}.`,
        );
    } catch (error) {
      throwIfCancelled(signal);
      if (error instanceof FrankensteinError) throw error;
      if (attempt === ATTEMPTS)
        throw new FrankensteinError(
          'unavailable',
          `The language model at ${url.host} could not be ` +
            `reached${limit.aborted ? ` within ${TIMEOUT / 1000} seconds` : ''}.`,
          { cause: error },
        );
    }
    await pause(FIRST_WAIT * 2 ** (attempt - 1), signal);
  }
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

function answerOf(reply: unknown, url: URL): string {
  const content = (reply as { choices?: { message?: { content?: unknown } }[] } | null | undefined)?.choices?.[0]
    ?.message?.content;
  if (typeof content === 'string') return content;
  throw new FrankensteinError('unavailable', `What ${url.host} answered is no chat completion.`);
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

/**
 * A language model that judges answers or describes images. Nothing is sent unless the user asks for it: `endpoint` is
 * any address that speaks the OpenAI chat completions protocol, `editor` a model of VS Code's own.
 */
export type LanguageModelRequest =
  | {
      kind: 'endpoint';
      url: string;
      model: string;
      /**
       * The environment variable that holds its key. The key itself is in no request: without a variable, the engine
       * asks its host for the key of this address when the run starts (`EngineHost.languageModelKey`).
       */
      keyVariable?: string | undefined;
    }
  | { kind: 'editor'; model: string };
