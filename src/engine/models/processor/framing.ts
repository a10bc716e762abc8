/** What stands around a question: a system prompt, and words before it. */
import { quoted, shown } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import { type ChatMessage, userMessage } from './messages.js';
import type { Processor, PromptRequest } from './processor.js';

export interface Framing {
  /** A message of its own before the user's. */
  system?: string | undefined;
  /** Stands before the words of the question, with an empty line between. */
  prefix?: string | undefined;
}

const MARKER = '<image>';
/** Images that stand before the words. */
const LEADING = /^(?:\s*<image>)+\r?\n?/;

/** The words of a question with what stands before them: behind images that come first. */
export function prefixed(text: string, { prefix }: Framing): string {
  if (prefix === undefined || prefix.trim() === '') return text;
  const [images = ''] = LEADING.exec(text) ?? [];
  return `${images}${prefix.trimEnd()}\n\n${text.slice(images.length)}`;
}

/** The conversation that asks. */
export function messagesOf(text: string, images: number, framing: Framing): ChatMessage[] {
  const { system } = framing;
  return [
    ...(system === undefined ? [] : [{ role: 'system', content: system }]),
    userMessage(prefixed(text, framing), images),
  ];
}

/** A chat where the checkpoint has a template; otherwise the bare words, with the model's own word for an image. */
export function inputOf(processor: Processor, text: string, images: number, framing: Framing): PromptRequest['input'] {
  if (processor.chats) return { messages: messagesOf(text, images, framing) };
  const words = prefixed(text, framing);
  const { placeholder } = processor;
  if (images === 0 || processor.imageToken === undefined || placeholder === undefined) return { prompt: words };
  return {
    prompt: words.includes(MARKER) ? words.replaceAll(MARKER, placeholder) : placeholder.repeat(images) + words,
  };
}

/**
 * A system prompt that the checkpoint would not see must not count as given.
 * @param name of the checkpoint, for the sentence. @throws `unsupported`
 */
export function checkFraming(processor: Processor, { system }: Framing, name: string): void {
  if (system === undefined) return;
  if (!processor.chats)
    throw new FrankensteinError(
      'unsupported',
      `${shown(name)} has no chat template, so it takes no system prompt: give one to the other ` +
        'checkpoints only, or words before every question (--prefix).',
    );
  const text = processor.render([
    { role: 'system', content: system },
    { role: 'user', content: 'x' },
  ]);
  if (!text.includes(system.trim()))
    throw new FrankensteinError(
      'unsupported',
      `The chat template of ${shown(name)} leaves the system prompt ` +
        `${quoted(system.trim().slice(0, 60))} out: put it before every question (--prefix).`,
    );
}
