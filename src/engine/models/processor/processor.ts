/** From a conversation with images to what the model's graphs take, as the checkpoint's own processor files say. */
import type { ImageShape, ProcessedImage } from './processedImage.js';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { shown, thousands } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import { type ChatOptions, readChatTemplate } from './chatTemplate.js';
import { readGenerationSettings } from './generation.js';
import type { ImageSize, RgbImage } from './image.js';
import { imageMarks, type ImageMarks } from './imageMarks.js';
import { type PixelBounds, readImageSettings } from './imageSettings.js';
import { type ChatMessage, counted, inWords } from './messages.js';
import { patchify } from './patches.js';
import { resize } from './resample.js';
import type { ImageSettings } from './settings.js';
import { cutSquares, squareCount, tilesOf } from './squares.js';
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
  /** What stands for an image in a prompt that is no conversation; undefined for text-only models. */
  readonly placeholder: string | undefined;
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
   * Stretched to another image's shape, so that both have the same visual tokens (the swap's source to its target).
   * @param shape as `processImage` gives.
   * @throws as `process`
   */
  resizeTo(image: RgbImage, shape: ImageShape): ProcessedImage;
  /** Visual tokens of a grid. */
  visualTokens(grid: ProcessedImage['grid']): number;
  /** Without special tokens. */
  decode(ids: Iterable<number>): string;
  /** Decodes token by token, without special tokens. */
  stream(): TextStream;
}

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
  const marks = sees ? imageMarks(checkpoint, tokenizer) : undefined;
  const imageToken = marks?.token;
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
    return template(marks?.words === undefined ? messages : inWords(messages, marks.words), chat);
  };

  const processImage: Processor['processImage'] = (image) => {
    const rule = imageSettings();
    if (rule.squares) return cutSquares(image, tilesOf(image, rule.squares), rule, rule.squares);
    const size = resizedSize(image, rule);
    return patchify(
      rule.resize === undefined ? image : resize(image, size.width, size.height, rule.resize.filter),
      rule,
    );
  };

  const imageBytes: Processor['imageBytes'] = (image) => {
    const rule = imageSettings();
    const { width, height } = resizedSize(image, rule);
    if (rule.squares) {
      // Scaled along its rows, then along its columns, then each square cut out and into patches of fp32, twice.
      const pixels = rule.squares.side ** 2 * squareCount(tilesOf(image, rule.squares), rule.squares);
      return 3 * width * image.height + 3 * width * height + 24 * pixels;
    }
    // Scaled along its rows, then along its columns, then cut into patches of fp32.
    return 3 * width * image.height + width * height * (3 + 12 * rule.temporalPatchSize);
  };

  const visualTokens: Processor['visualTokens'] = ([frames, rows, columns]) =>
    (frames * rows * columns) / imageSettings().mergeSize ** 2;

  return {
    tokenizer,
    ...generation,
    imageToken,
    placeholder: marks?.placeholder,
    chats: template !== undefined,
    render,
    processImage,
    imageBytes,
    visualTokens,
    process: (request) => {
      const { input, images = [], newTokens = 0 } = request;
      const ids =
        'prompt' in input
          ? tokenizer.encode(marked(input.prompt, marks))
          : tokenizer.encode(marked(render(input.messages, request), marks), { specialTokens: false });
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
      const prompt = { inputIds, images: processed, imageToken };
      checkSquares(prompt, newTokens, generation.contextLength);
      checkLength(inputIds.length, newTokens, generation.contextLength);
      return prompt;
    },
    resizeTo: (image, { grid, tiles }) => {
      const rule = imageSettings();
      if (rule.squares) return cutSquares(image, tiles ?? [1, 1], rule, rule.squares);
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
  { patchSize, mergeSize, resize: bounds, squares }: ImageSettings,
): ImageSize {
  if (squares) {
    const [columns, rows] = tilesOf({ width, height }, squares);
    return { width: columns * squares.side, height: rows * squares.side };
  }
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

/** A prompt with the processor's own words around each image. */
function marked(text: string, marks: ImageMarks | undefined): string {
  return marks?.text === undefined ? text : text.replaceAll(marks.placeholder, marks.text);
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

/** How many squares an image becomes depends on its shape, so smaller ones are no help. @throws `bad-request` */
function checkSquares(
  { inputIds, images, imageToken }: ProcessedPrompt,
  newTokens: number,
  limit: number | undefined,
): void {
  const squares = images.reduce((sum, { grid: [count], tiles }) => sum + (tiles ? count : 0), 0);
  if (limit === undefined || squares === 0 || inputIds.length + newTokens <= limit) return;
  const visual = inputIds.filter((id) => id === imageToken).length;
  throw new FrankensteinError(
    'bad-request',
    `The prompt has ${thousands(inputIds.length)} tokens${newTokens > 0 ? ` and ${thousands(newTokens)} for the answer` : ''}, ` +
      `of which ${counted(squares, 'square')} of its ${counted(images.length, 'image')} make ${thousands(visual)}; the ` +
      `model's context is ${thousands(limit)}: use fewer images, or ones nearer to a square.`,
  );
}
