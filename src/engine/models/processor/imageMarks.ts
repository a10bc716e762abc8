/** How an image stands in a prompt: what a template writes, what the processor makes of it, the token that is repeated. */
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { quoted, shown } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import { modelFamily } from '../../families/list.js';
import type { TextTokenizer } from './tokenizer.js';

export interface ImageMarks {
  /** Id that stands for one visual token; undefined where no file says. */
  token: number | undefined;
  /** What a template or a bare prompt has for an image. */
  placeholder: string;
  /** What that becomes before tokens are made of it; undefined: it stays. */
  text: string | undefined;
  /** What stands for an image in a message's words, where templates take words alone. */
  words: string | undefined;
}

/** Name of the token where neither family, config nor tokenizer says. */
const IMAGE_TOKEN = '<|image_pad|>';
/** Around it in a bare prompt, where the tokenizer has them. */
const AROUND = ['<|vision_start|>', '<|vision_end|>'];

/** @throws `mismatch` when config and tokenizer disagree, or the tokenizer lacks a word that stands around images. */
export function imageMarks(checkpoint: Checkpoint, tokenizer: TextTokenizer): ImageMarks {
  const prompt = modelFamily(checkpoint.family)?.vision?.prompt;
  if (prompt === undefined) {
    const extra = tokenizer.config['extra_special_tokens'] as Record<string, unknown> | undefined;
    const name =
      [tokenizer.config['image_token'], extra?.['image_token']].find((one) => typeof one === 'string') ?? IMAGE_TOKEN;
    const token = tokenOf(checkpoint, tokenizer, name);
    const around = AROUND.map((one) => (tokenizer.idOf(one) === undefined ? '' : one));
    const own = token === undefined ? name : (tokenizer.tokenOf(token) ?? name);
    return { token, placeholder: `${around[0]!}${own}${around[1]!}`, text: undefined, words: undefined };
  }
  for (const [word] of prompt.text.matchAll(/<[^<>]+>/g))
    if (tokenizer.idOf(word) === undefined)
      throw new FrankensteinError(
        'mismatch',
        `${shown(checkpoint.folder)} does not fit together: its tokenizer has no token ${quoted(word)}, with which ` +
          'this family writes images.',
      );
  return { ...prompt, token: tokenOf(checkpoint, tokenizer, prompt.image), words: prompt.words };
}

/** @throws `mismatch` when config and tokenizer disagree: every image would land on another word. */
function tokenOf(checkpoint: Checkpoint, tokenizer: TextTokenizer, name: string): number | undefined {
  const known = tokenizer.idOf(name);
  const configured = checkpoint.config?.['image_token_id'] ?? checkpoint.config?.['image_token_index'];
  if (typeof configured !== 'number') return known;
  if (known !== undefined && known !== configured) {
    throw new FrankensteinError(
      'mismatch',
      `${shown(checkpoint.folder)} does not fit together: config.json says that token ${configured} ` +
        `stands for images, tokenizer.json has ${quoted(name)} at ${known}.`,
    );
  }
  if (tokenizer.tokenOf(configured) === undefined) {
    throw new FrankensteinError(
      'mismatch',
      `${shown(checkpoint.folder)} does not fit together: config.json says that token ${configured} ` +
        'stands for images, and tokenizer.json has no such token.',
    );
  }
  return configured;
}
