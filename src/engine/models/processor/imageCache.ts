/** The images of a run, read and processed once. */
import { checkRoom, imageNamed, type MemoryPlan } from '../plan.js';
import { readImage } from './decodeImage.js';
import { blackLike, type ImageSize, type RgbImage } from './image.js';
import { type ImageShape, type ProcessedImage, shapeKey } from './processedImage.js';
import type { Processor } from './processor.js';

/** Processed images by file and shape. The vision tower computes an image once per batch when it is the same object. */
export class ImageCache {
  private readonly processed = new Map<string, ProcessedImage>();
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

  /** Empties it: called between batches. */
  clear(): void {
    this.processed.clear();
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
    const image = this.processed.get(key) ?? (await make());
    this.processed.set(key, image);
    return image;
  }
}
