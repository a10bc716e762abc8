/** From a unit's files and text to what the model takes. */
import { checkRoom, imageNamed, type MemoryPlan } from '../../models/plan.js';
import { readImage } from '../../models/processor/decodeImage.js';
import { blackLike, type ImageSize, type RgbImage } from '../../models/processor/image.js';
import { type Framing, inputOf } from '../../models/processor/framing.js';
import type { ProcessedPrompt, Processor } from '../../models/processor/processor.js';
import { type ImageShape, type ProcessedImage, shapeKey } from '../../models/processor/processedImage.js';
import type { Unit } from './job.js';

export interface PreparedUnit {
  unit: Unit;
  prompt: ProcessedPrompt;
  /** Of a swap: the same words with the other image on the same grid. */
  source: { prompt: ProcessedPrompt; brought: 'same-grid' | 'resized'; size: ImageSize } | undefined;
}

/** Processed images by file and grid. The vision tower computes an image once per batch when it is the same object. */
export class Images {
  private readonly kept = new Map<string, ProcessedImage>();
  private readonly sizes = new Map<string, ImageSize>();

  constructor(
    private readonly processor: Processor,
    private readonly plan: MemoryPlan,
    private readonly signal: AbortSignal | undefined,
  ) {}

  async own(file: string): Promise<ProcessedImage> {
    return this.keep(file, async () => this.processor.processImage(await this.read(file)));
  }

  /**
   * The image in a given shape: as it is where it has that shape, stretched otherwise. Black where there is no file; the
   * target was given to `own` before.
   */
  async onto(
    target: string,
    shape: ImageShape,
    file: string | undefined,
  ): Promise<{ image: ProcessedImage; brought: 'same-grid' | 'resized' }> {
    if (file === undefined)
      return {
        image: await this.keep(`black ${shapeKey(shape)}`, () =>
          this.processor.processImage(blackLike(this.sizeOf(target))),
        ),
        brought: 'same-grid',
      };
    const own = await this.own(file);
    if (shapeKey(own) === shapeKey(shape)) return { image: own, brought: 'same-grid' };
    return {
      image: await this.keep(`${shapeKey(shape)} ${file}`, async () =>
        this.processor.resizeTo(await this.read(file), shape),
      ),
      brought: 'resized',
    };
  }

  /** Of a file that was given to `own` or `onto`. */
  sizeOf(file: string): ImageSize {
    return this.sizes.get(file)!;
  }

  /** Lets go of everything: called between batches. */
  clear(): void {
    this.kept.clear();
    this.sizes.clear();
  }

  private async read(file: string): Promise<RgbImage> {
    const image = await readImage(file, {
      signal: this.signal,
      room: ({ width, height, bytes }) =>
        checkRoom(this.plan, bytes + this.processor.imageBytes({ width, height }), imageNamed(file, { width, height })),
    });
    this.sizes.set(file, { width: image.width, height: image.height });
    return image;
  }

  private async keep(key: string, make: () => ProcessedImage | Promise<ProcessedImage>): Promise<ProcessedImage> {
    const image = this.kept.get(key) ?? (await make());
    this.kept.set(key, image);
    return image;
  }
}

/**
 * @param paired whether the unit is a swap: a target and a source.
 * @throws what reading images and processing prompts throw.
 */
export async function prepare(
  processor: Processor,
  pictures: Images,
  unit: Unit,
  paired: boolean,
  newTokens: number,
  framing: Framing,
): Promise<PreparedUnit> {
  const images: ProcessedImage[] = [];
  for (const image of unit.images) images.push(await pictures.own(image));
  const ask = (shown: readonly ProcessedImage[]) =>
    processor.process({ input: inputOf(processor, unit.prompt, shown.length, framing), images: shown, newTokens });
  const prompt = ask(images);
  if (!paired) return { unit, prompt, source: undefined };
  const [target] = unit.images;
  const { image: other, brought } = await pictures.onto(target!, images[0]!, unit.source);
  return { unit, prompt, source: { prompt: ask([other]), brought, size: pictures.sizeOf(unit.source ?? target!) } };
}
