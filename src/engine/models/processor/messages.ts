/** Conversations in Hugging Face's form. */
import { FrankensteinError } from '../../errors.js';

export type ChatContent = { readonly type: 'image' } | { readonly type: 'text'; readonly text: string };

export interface ChatMessage {
  /** `system`, `user`, `assistant`; what else there is, the template knows. */
  readonly role: string;
  readonly content: string | readonly ChatContent[];
}

/** How data sets write the place of an image. */
const MARKER = '<image>';

/**
 * One user message: the images where the text has `<image>`, or else before it.
 * @throws `bad-request` when the text has another number of markers than there are images.
 */
export function userMessage(text: string, images = 0): ChatMessage {
  const pieces = text.split(MARKER);
  if (pieces.length === 1) {
    return {
      role: 'user',
      content:
        images === 0
          ? text
          : [...Array.from({ length: images }, () => ({ type: 'image' as const })), { type: 'text', text }],
    };
  }
  if (pieces.length - 1 !== images) {
    throw new FrankensteinError(
      'bad-request',
      `The prompt has ${counted(pieces.length - 1, MARKER)}, but ${counted(images, 'image')} ` +
        `${images === 1 ? 'was' : 'were'} given.`,
    );
  }
  const content: ChatContent[] = [];
  pieces.forEach((piece, index) => {
    if (index > 0) content.push({ type: 'image' });
    // The line break after a marker belongs to the marker.
    const words = index > 0 ? piece.replace(/^\r?\n/, '') : piece;
    if (words !== '') content.push({ type: 'text', text: words });
  });
  return { role: 'user', content };
}

/** The conversation with words in place of images, for templates that take words alone. @param image what stands for one */
export function inWords(messages: readonly ChatMessage[], image: string): ChatMessage[] {
  return messages.map((message) => ({
    ...message,
    content:
      typeof message.content === 'string'
        ? message.content
        : message.content.map((part) => (part.type === 'image' ? image : part.text)).join(''),
  }));
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 || what.endsWith('>') ? '' : 's'}`;
}
