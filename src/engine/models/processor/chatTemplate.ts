/** A checkpoint's chat template: Jinja, through Hugging Face's own library. */
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { malformed, quoted, said, shown, thousands } from '../../checkpoint/failure.js';
import { readText } from '../../checkpoint/text.js';
import { FrankensteinError } from '../../errors.js';
import { LimitError, withinTime } from '../../runtime/bounded.js';
import { isRecord, readJson } from './files.js';
import { parseTemplate, TooLarge } from './jinja.js';
import type { ChatMessage } from './messages.js';
import type { TextTokenizer } from './tokenizer.js';

export interface ChatOptions {
  /** End with the opening of the model's answer; default true. */
  addGenerationPrompt?: boolean;
  /** What else the template looks at, such as `enable_thinking`. */
  variables?: Readonly<Record<string, unknown>>;
}

/** Bytes. Real ones have up to 30 kB. */
const TEMPLATE_LIMIT = 1024 * 1024;
/** Milliseconds for reading a template, and for rendering one conversation; real ones take one. */
const TIME_LIMIT = 5000;

/**
 * @throws `bad-request` when the template refuses the conversation, `malformed` when it takes too much time or memory.
 */
export type ChatTemplate = (messages: readonly ChatMessage[], options?: ChatOptions) => string;

/**
 * The default template, looked for where transformers does: chat_template.json, chat_template.jinja,
 * processor_config.json, tokenizer_config.json. Undefined when there is none (a base model).
 * @throws `malformed`, `permission`, `cancelled`
 */
export async function readChatTemplate(
  checkpoint: Checkpoint,
  tokenizer: TextTokenizer,
  signal?: AbortSignal,
): Promise<ChatTemplate | undefined> {
  const found = await findTemplate(checkpoint, tokenizer, signal);
  if (found === undefined) return undefined;
  const { file, source } = found;
  if (source.length > TEMPLATE_LIMIT)
    throw malformed(
      file,
      `has a chat template of ${thousands(source.length)} characters; the limit is ${thousands(TEMPLATE_LIMIT)}.`,
    );
  const tooLong = () => `The chat template of ${shown(file)} takes longer than any real one: it may never end.`;
  let render: ReturnType<typeof parseTemplate>;
  try {
    render = withinTime(TIME_LIMIT, tooLong, () => parseTemplate(source));
  } catch (error) {
    if (error instanceof LimitError) throw error;
    throw new FrankensteinError(
      'malformed',
      `${shown(file)} has a chat template that is not valid Jinja: ${said(error)}`,
      { cause: error },
    );
  }
  return (messages, options = {}) => {
    try {
      return withinTime(TIME_LIMIT, tooLong, () =>
        render({
          ...tokenizer.namedTokens,
          tools: null,
          documents: null,
          ...options.variables,
          messages,
          add_generation_prompt: options.addGenerationPrompt ?? true,
        }),
      );
    } catch (error) {
      if (error instanceof LimitError) throw error;
      if (error instanceof TooLarge)
        throw new LimitError(`The chat template of ${shown(file)} ${error.message}`, { cause: error });
      throw new FrankensteinError(
        'bad-request',
        `The chat template of ${shown(file)} refused the conversation: ${said(error)}`,
        { cause: error },
      );
    }
  };
}

async function findTemplate(
  { files, path, virtual }: Checkpoint,
  tokenizer: TextTokenizer,
  signal?: AbortSignal,
): Promise<{ file: string; source: string } | undefined> {
  if (virtual?.chatTemplate !== undefined) return { file: path, source: virtual.chatTemplate };
  const json = files.get('chat_template.json');
  if (json !== undefined) {
    const source = defaultOf((await readJson(json, signal))['chat_template'], json);
    if (source !== undefined) return { file: json, source };
  }
  const jinja = files.get('chat_template.jinja');
  if (jinja !== undefined) return { file: jinja, source: await readText(jinja, TEMPLATE_LIMIT, signal) };
  const shared = files.get('processor_config.json');
  if (shared !== undefined) {
    const source = defaultOf((await readJson(shared, signal))['chat_template'], shared);
    if (source !== undefined) return { file: shared, source };
  }
  const file = files.get('tokenizer_config.json') ?? 'tokenizer_config.json';
  const source = defaultOf(tokenizer.config['chat_template'], file);
  return source === undefined ? undefined : { file, source };
}

/** A template, or the one called "default" of several (a list of named ones, or an object). */
function defaultOf(value: unknown, file: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  const named = new Map<string, unknown>();
  if (Array.isArray(value)) {
    for (const entry of value as unknown[])
      if (isRecord(entry) && typeof entry['name'] === 'string') named.set(entry['name'], entry['template']);
  } else if (isRecord(value)) {
    for (const [name, template] of Object.entries(value)) named.set(name, template);
  }
  const chosen = named.get('default') ?? (named.size === 1 ? [...named.values()][0] : undefined);
  if (typeof chosen === 'string') return chosen;
  throw malformed(
    file,
    'has ' +
      `${named.size === 0 ? 'a "chat_template" that is no text' : `chat templates ${[...named.keys()].map(quoted).join(', ')}, and none called "default"`}.`,
  );
}
