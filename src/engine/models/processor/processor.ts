/** From a conversation with images to what the model's graphs take, as the checkpoint's own processor files say. */
import type { ProcessedImage } from './processedImage.js';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { quoted, shown, thousands } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import { type ChatOptions, readChatTemplate } from './chatTemplate.js';
import { readGenerationSettings } from './generation.js';
import type { ImageSize, RgbImage } from './image.js';
import { type ImageSettings, type PixelBounds, readImageSettings } from './imageSettings.js';
import { type ChatMessage, counted } from './messages.js';
import { patchify } from './patches.js';
import { resize } from './resample.js';
import { smartResize } from './smartResize.js';
import type { TextStream } from './textStream.js';
import { readTokenizer, type TextTokenizer } from './tokenizer.js';

/** A prompt, ready for prefill. */
export interface ProcessedPrompt {
  /** Token ids; every image's placeholder repeated once per merged patch. */
  inputIds: Int32Array;
  /** In the order of their placeholders. */
  images: ProcessedImage[];
  /** Id that stands for one visual token; the config's where left out. */
  imageToken?: number | undefined;
}

export interface PromptRequest extends ChatOptions {
  /** A conversation for the chat template, or text that is tokenised as it is. */
  input: { messages: readonly ChatMessage[] } | { prompt: string };
  /** In the order of their placeholders; an image that was processed before is taken as it is. */
  images?: readonly (RgbImage | ProcessedImage)[];
  /** Tokens that must be left in the context for the answer; default 0. */
  newTokens?: number;
}

export interface Processor {
  readonly tokenizer: TextTokenizer;
  /** Ids after any of which an answer is complete. */
  readonly stopTokens: readonly number[];
  readonly padToken: number;
  /** Tokens, prompt and answer together; undefined when no file says. */
  readonly contextLength: number | undefined;
  /** Id that stands for one visual token; undefined for text-only models. */
  readonly imageToken: number | undefined;
  /** The checkpoint has a chat template. */
  readonly chats: boolean;
  /**
   * @throws `bad-request` when images and placeholders differ in number, the prompt is longer than the context, or the
   * template refuses the conversation; `unsupported` for images given to a text-only model, or a conversation to a
   * model without a template; `malformed` when template or tokenizer take too long; for images also what
   * `readImageSettings` throws.
   */
  process(request: PromptRequest): ProcessedPrompt;
  /** The conversation as text, before tokenising. @throws as `process` */
  render(messages: readonly ChatMessage[], options?: ChatOptions): string;
  /** Bytes that `processImage` takes beside an image of this size. @throws as `process` */
  imageBytes(size: ImageSize): number;
  /** At the size that the family's rule gives. @throws as `process` */
  processImage(image: RgbImage): ProcessedImage;
  /**
   * Stretched to another image's grid, so that both have the same visual tokens (the swap's source to its target).
   * @param grid t, h, w in patches, as `processImage` gives.
   * @throws as `process`
   */
  resizeTo(image: RgbImage, grid: ProcessedImage['grid']): ProcessedImage;
  /** Visual tokens of a grid. */
  visualTokens(grid: ProcessedImage['grid']): number;
  /** Without special tokens. */
  decode(ids: Iterable<number>): string;
  /** Decodes token by token, without special tokens. */
  stream(): TextStream;
}

/** Name of the placeholder where neither config nor tokenizer says. */
const IMAGE_TOKEN = '<|image_pad|>';

/**
 * Reads a checkpoint's tokenizer, chat template, generation and image processor files. What is wrong with the image
 * processor is said when images are given, so that text-only work goes on without it.
 * @throws `not-found`, `malformed`, `mismatch`, `permission`, `cancelled`; the message names the file.
 */
export async function createProcessor(
  checkpoint: Checkpoint,
  options: PixelBounds & { signal?: AbortSignal | undefined } = {},
): Promise<Processor> {
  const { signal } = options;
  const tokenizer = await readTokenizer(checkpoint, signal);
  const template = await readChatTemplate(checkpoint, tokenizer, signal);
  const generation = await readGenerationSettings(checkpoint, tokenizer, signal);
  const sees = checkpoint.visionLayers > 0 || checkpoint.config?.['vision_config'] !== undefined;
  const imageToken = sees ? findImageToken(checkpoint, tokenizer) : undefined;
  const settings = sees ? await readImageSettings(checkpoint, signal, options).catch(keepUnlessCancelled) : undefined;

  const imageSettings = (): ImageSettings => {
    if (settings === undefined)
      throw new FrankensteinError('unsupported', `${shown(checkpoint.path)} is a text-only model: it takes no images.`);
    if (settings instanceof FrankensteinError) throw settings;
    return settings;
  };

  const render: Processor['render'] = (messages, chat) => {
    if (template === undefined)
      throw new FrankensteinError(
        'unsupported',
        `${shown(checkpoint.path)} has no chat template (chat_template.jinja, chat_template.json, or ` +
          'one in tokenizer_config.json): give it a plain prompt.',
      );
    return template(messages, chat);
  };

  const processImage: Processor['processImage'] = (image) => {
    const rule = imageSettings();
    const size = resizedSize(image, rule);
    return patchify(
      rule.resize === undefined ? image : resize(image, size.width, size.height, rule.resize.filter),
      rule,
    );
  };

  const imageBytes: Processor['imageBytes'] = (image) => {
    const rule = imageSettings();
    const { width, height } = resizedSize(image, rule);
    // Scaled along its rows, then along its columns, then cut into patches of fp32.
    return 3 * width * image.height + width * height * (3 + 12 * rule.temporalPatchSize);
  };

  const visualTokens: Processor['visualTokens'] = ([frames, rows, columns]) =>
    (frames * rows * columns) / imageSettings().mergeSize ** 2;

  return {
    tokenizer,
    ...generation,
    imageToken,
    chats: template !== undefined,
    render,
    processImage,
    imageBytes,
    visualTokens,
    process: (request) => {
      const { input, images = [], newTokens = 0 } = request;
      const ids =
        'prompt' in input
          ? tokenizer.encode(input.prompt)
          : tokenizer.encode(render(input.messages, request), { specialTokens: false });
      if (ids.length === 0) throw new FrankensteinError('bad-request', 'The prompt is empty.');
      const locations = imageToken === undefined ? 0 : ids.filter((id) => id === imageToken).length;
      if (images.length > 0) imageSettings(); // what is wrong with the model comes before what is wrong with the prompt
      if (locations !== images.length) {
        throw new FrankensteinError(
          'bad-request',
          `The prompt has ${counted(locations, 'place')} for images, but ` +
            `${counted(images.length, 'image')} ${images.length === 1 ? 'was' : 'were'} given.`,
        );
      }
      const processed = images.map((image) => ('grid' in image ? image : processImage(image)));
      const inputIds = expand(
        ids,
        imageToken,
        processed.map(({ grid }) => visualTokens(grid)),
      );
      checkLength(inputIds.length, newTokens, generation.contextLength);
      return { inputIds, images: processed };
    },
    resizeTo: (image, grid) => {
      const rule = imageSettings();
      const [, rows, columns] = grid;
      return patchify(
        resize(image, columns * rule.patchSize, rows * rule.patchSize, rule.resize?.filter ?? 'bicubic'),
        rule,
      );
    },
    decode: (ids) => tokenizer.decode(ids),
    stream: () => tokenizer.stream(),
  };
}

/** What the tower sees of an image of this size. @throws `bad-request` where sizes stay and this one has no patches */
export function resizedSize(
  { width, height }: ImageSize,
  { patchSize, mergeSize, resize: bounds }: Pick<ImageSettings, 'patchSize' | 'mergeSize' | 'resize'>,
): ImageSize {
  const factor = patchSize * mergeSize;
  if (bounds !== undefined) return smartResize(height, width, { ...bounds, factor });
  if (width % factor !== 0 || height % factor !== 0)
    throw new FrankensteinError(
      'bad-request',
      `An image of ${width} × ${height} pixels does not divide into patches: the image processor ` +
        'leaves sizes as they are ("do_resize" is false), and both sides must be multiples of ' +
        `${factor}.`,
    );
  return { width, height };
}

function keepUnlessCancelled(error: unknown): FrankensteinError {
  if (error instanceof FrankensteinError && error.code !== 'cancelled') return error;
  throw error;
}

/** @throws `mismatch` when config and tokenizer disagree: every image would land on another word. */
function findImageToken(checkpoint: Checkpoint, tokenizer: TextTokenizer): number | undefined {
  const extra = tokenizer.config['extra_special_tokens'] as Record<string, unknown> | undefined;
  const name =
    [tokenizer.config['image_token'], extra?.['image_token']].find((token) => typeof token === 'string') ?? IMAGE_TOKEN;
  const known = tokenizer.idOf(name);
  const configured = checkpoint.config?.['image_token_id'];
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

/** Repeats the nth placeholder `counts[n]` times. */
function expand(ids: readonly number[], placeholder: number | undefined, counts: readonly number[]): Int32Array {
  const expanded = new Int32Array(ids.length + counts.reduce((sum, count) => sum + count - 1, 0));
  let to = 0;
  let image = 0;
  for (const id of ids) {
    const repeats = id === placeholder ? counts[image++]! : 1;
    expanded.fill(id, to, to + repeats);
    to += repeats;
  }
  return expanded;
}

function checkLength(tokens: number, newTokens: number, limit: number | undefined): void {
  if (limit === undefined || tokens + newTokens <= limit) return;
  const answer = newTokens > 0 && tokens <= limit ? ` and leaves no room for ${thousands(newTokens)} more` : '';
  throw new FrankensteinError(
    'bad-request',
    `The prompt has ${thousands(tokens)} tokens${answer}; the model's context is ${thousands(limit)}: ` +
      `use a shorter prompt${tokens > limit ? ' or smaller images' : ' or a shorter answer'}.`,
  );
}
