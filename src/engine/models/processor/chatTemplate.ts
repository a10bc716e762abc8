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
 * The default template, looked for where transformers does (`WITH_IMAGES`, `TEXT_ONLY`). Undefined when there is none
 * (a base model).
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

/** Files in which transformers looks for a template, first to last: its processor for images, and its tokenizer. */
const WITH_IMAGES = ['processor_config.json', 'chat_template.json', 'chat_template.jinja', 'tokenizer_config.json'];
/** The last two are read by processors only: a text model's may have them from the model that it was cut out of. */
const TEXT_ONLY = ['chat_template.jinja', 'tokenizer_config.json', 'chat_template.json', 'processor_config.json'];

async function findTemplate(
  { files, path, virtual, visionLayers, config }: Checkpoint,
  tokenizer: TextTokenizer,
  signal?: AbortSignal,
): Promise<{ file: string; source: string } | undefined> {
  if (virtual?.chatTemplate !== undefined) return { file: path, source: virtual.chatTemplate };
  const sees = visionLayers > 0 || config?.['vision_config'] !== undefined;
  for (const name of sees ? WITH_IMAGES : TEXT_ONLY) {
    const file = files.get(name);
    if (name === 'tokenizer_config.json') {
      const source = defaultOf(tokenizer.config['chat_template'], file ?? name);
      if (source !== undefined) return { file: file ?? name, source };
    } else if (file !== undefined) {
      const source = name.endsWith('.jinja')
        ? await readText(file, TEMPLATE_LIMIT, signal)
        : defaultOf((await readJson(file, signal))['chat_template'], file);
      if (source !== undefined) return { file, source };
    }
  }
  return undefined;
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
