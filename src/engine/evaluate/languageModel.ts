/**
 * A language model that the user has chosen to judge answers or to describe pictures: an endpoint that speaks the OpenAI
 * chat completions protocol, or a model of the editor. Used only where a request names one.
 */
import { FrankensteinError, throwIfCancelled } from '../errors.js';
import { shown } from '../checkpoint/failure.js';
import type { EngineHost } from '../api.js';
import type { LanguageModelRequest } from './request.js';

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

/** @throws `bad-request` for an address that is none, or a key that is not there. */
export function languageModelOf(request: LanguageModelRequest, host: EngineHost | undefined): LanguageModel {
  if (request.kind === 'editor') {
    if (host === undefined)
      throw new FrankensteinError(
        'bad-request',
        "The editor's language models are there in VS Code only; name an endpoint.",
      );
    return {
      name: request.model,
      parallel: 2,
      complete: ({ text, picture }, signal) =>
        host.complete({ model: request.model, prompt: text, picture }, { signal }),
    };
  }
  const url = endpointOf(request.url);
  const key = request.key ?? keyIn(request.keyVariable);
  return {
    name: request.model,
    parallel: 4,
    complete: (prompt, signal) => post(url, request.model, key, prompt, signal),
  };
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

async function post(
  url: URL,
  model: string,
  key: string | undefined,
  { text, picture }: Prompt,
  signal: AbortSignal | undefined,
): Promise<string> {
  const content =
    picture === undefined
      ? text
      : [
          {
            type: 'image_url',
            image_url: { url: `data:${picture.type};base64,${Buffer.from(picture.bytes).toString('base64')}` },
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
      if (response.ok) return answerOf(await readBounded(response), url);
      const retry = response.status === 429 || response.status >= 500;
      if (!retry || attempt === ATTEMPTS)
        throw new FrankensteinError(
          'unavailable',
          `The language model at ${url.host} answered with status ${response.status}${said(await readBounded(response))}.`,
        );
    } catch (error) {
      throwIfCancelled(signal);
      if (error instanceof FrankensteinError) throw error;
      if (attempt === ATTEMPTS)
        throw new FrankensteinError(
          'unavailable',
          `The language model at ${url.host} could not be reached${limit.aborted ? ` within ${TIMEOUT / 1000} seconds` : ''}.`,
          { cause: error },
        );
    }
    await pause(FIRST_WAIT * 2 ** (attempt - 1), signal);
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

function answerOf(body: string, url: URL): string {
  try {
    const { choices } = JSON.parse(body) as { choices?: { message?: { content?: unknown } }[] };
    const content = choices?.[0]?.message?.content;
    if (typeof content === 'string') return content;
  } catch {
    // Said below.
  }
  throw new FrankensteinError('unavailable', `What ${url.host} answered is no chat completion.`);
}

function said(body: string): string {
  try {
    const { error } = JSON.parse(body) as { error?: { message?: unknown } };
    if (typeof error?.message === 'string') return `: ${shown(error.message.slice(0, 200)).replace(/\.$/, '')}`;
  } catch {
    // Nothing that is worth repeating.
  }
  return '';
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
