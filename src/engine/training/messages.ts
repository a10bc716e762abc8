/** Texts of prompts and completions: plain ones, and messages of a chat, with a mark where an image stood. */
import type { TextPart } from './result.js';

/** Characters of a text that are shown. */
const LONGEST = 20_000;

/** What processors put in the place of an image. */
const IMAGE =
  /<\|vision_start\|>(?:<\|(?:image|video)_pad\|>)*<\|vision_end\|>|(?:<\|image_pad\|>)+|(?:<image_soft_token>)+|(?:<IMG_CONTEXT>)+|(?:\[IMG\])+|<image>|<start_of_image>|<\|begin_of_image\|>(?:<\|image\|>)*<\|end_of_image\|>/g;

/** @param value a text, a message, or messages whose content is a text or a list of parts */
export function partsOf(value: unknown): TextPart[] {
  const parts: TextPart[] = [];
  let room = LONGEST;
  for (const part of raw(value)) {
    if (room <= 0) break;
    const pieces = 'text' in part ? split(part.text.slice(0, room)) : [part];
    if ('text' in part) {
      room -= part.text.length;
      if (room < 0) pieces.push({ text: '…' });
    }
    for (const piece of pieces) join(parts, piece);
  }
  return parts;
}

/** The same as one text. */
export function textOf(value: unknown): string {
  const isText = typeof value === 'string' || isMessages(value);
  return isText
    ? partsOf(value)
        .map((part) => ('text' in part ? part.text : '[image]'))
        .join('')
    : (JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? Number(one) : one)) ?? '').slice(
        0,
        LONGEST,
      );
}

function isMessages(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((one) => isRecord(one) && 'role' in one);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function raw(value: unknown): TextPart[] {
  if (typeof value === 'string') return [{ text: value }];
  if (Array.isArray(value))
    return value.flatMap((one: unknown, at) => {
      const begins = isRecord(one) && typeof one['role'] === 'string' && value.length > 1;
      return [...(begins ? [{ text: `${at > 0 ? '\n' : ''}${String(one['role'])}: ` }] : []), ...raw(one)];
    });
  if (!isRecord(value)) return [];
  if (value['type'] === 'image') return [{ image: true }];
  const { content, text } = value;
  return raw(content ?? text);
}

function split(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let begin = 0;
  for (const { 0: mark, index } of text.matchAll(IMAGE)) {
    if (index > begin) parts.push({ text: text.slice(begin, index) });
    parts.push({ image: true });
    begin = index + mark.length;
  }
  if (begin < text.length) parts.push({ text: text.slice(begin) });
  return parts;
}

/** Neighbouring texts become one. */
function join(parts: TextPart[], next: TextPart): void {
  const last = parts.at(-1);
  if (last !== undefined && 'text' in last && 'text' in next) last.text += next.text;
  else parts.push(next);
}
