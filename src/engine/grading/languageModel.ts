/**
 * A language model that the user has chosen to judge answers or to describe images: an endpoint that speaks the OpenAI
 * chat completions protocol, or a model of the editor. Used only where a request names one.
 */
import type { EngineHost } from '../calls.js';
import { connect, imagePart } from '../chat/endpoint.js';
import { FrankensteinError } from '../errors.js';

export interface Prompt {
  text: string;
  /** PNG, JPEG or WebP bytes. */
  image?: { type: string; bytes: Uint8Array } | undefined;
}

export interface LanguageModel {
  /** What results call it. */
  name: string;
  /** Prompts that may be under way at once. */
  parallel: number;
  complete(prompt: Prompt, signal: AbortSignal | undefined): Promise<string>;
}

/** A verdict or a paragraph takes no longer. */
const PATIENCE = { timeout: 120_000, attempts: 4 };

/**
 * The model, ready to be asked.
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
      complete: ({ text, image }, signal) => host.complete({ model: request.model, prompt: text, image }, { signal }),
    };
  }
  const endpoint = await connect(request, host, PATIENCE);
  return {
    name: request.model,
    parallel: 4,
    async complete({ text, image }, signal) {
      const content = image === undefined ? text : [imagePart(image), { type: 'text', text }];
      const body = { model: request.model, messages: [{ role: 'user', content }], temperature: 0 };
      return (await endpoint.complete(body, signal)).text;
    },
  };
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
