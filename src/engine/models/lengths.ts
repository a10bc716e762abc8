/** How long the prompts of a few pieces of work are: runs where it may block its thread. */
import type { StageRequest } from '../checkpoint/stage.js';
import { openStage } from '../merge/checkpoint.js';
import { LimitError } from '../runtime/bounded.js';
import { type MemoryPlan, promptBytes } from './plan.js';
import { ImageCache } from './processor/imageCache.js';
import type { PixelBounds } from './processor/imageSettings.js';
import { createProcessor, type ProcessedPrompt, type Processor } from './processor/processor.js';
import { readSpec } from './spec.js';

/** Of a few prompts; means unless said otherwise. */
export interface Lengths {
  /** Of a prompt, its visual tokens, and the tokens after them. */
  tokens: number;
  visual: number;
  tail: number;
  /** Tokens of the longest. */
  longest: number;
  /** Patches of an image. */
  patches: number;
  /** Bytes that the largest prompt takes with its answer. */
  bytes: number;
}

/** What every job of this kind says besides its prompts. */
export interface LengthsJob {
  stage: StageRequest;
  pixels: PixelBounds;
  maxNewTokens: number;
  plan: MemoryPlan;
}

/**
 * Sends the lengths of the prompts that `make` gives; nothing where one cannot be made: the run will say why.
 * @throws `malformed` when tokenizer or template take too long, `cancelled`
 */
export async function sendLengths(
  { stage, pixels, maxNewTokens, plan }: LengthsJob,
  make: (processor: Processor, images: ImageCache) => readonly (() => Promise<ProcessedPrompt>)[],
  send: (lengths: Lengths) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    const checkpoint = await openStage(stage, { signal });
    const spec = readSpec(checkpoint);
    const processor = await createProcessor(checkpoint, { ...pixels, signal });
    const prompts = make(processor, new ImageCache(processor, plan, signal));
    send(await lengthsOf(prompts, processor.imageToken, (prompt) => promptBytes(spec, prompt, maxNewTokens)));
  } catch (error) {
    if (signal.aborted || error instanceof LimitError) throw error;
  }
}

/** @param bytes that a prompt takes. @throws what `prompts` throws */
async function lengthsOf(
  prompts: readonly (() => Promise<ProcessedPrompt>)[],
  imageToken: number | undefined,
  bytes: (prompt: ProcessedPrompt) => number,
): Promise<Lengths> {
  const found: Lengths = { tokens: 0, visual: 0, tail: 0, longest: 0, patches: 0, bytes: 0 };
  const looked = prompts.length;
  for (const make of prompts) {
    const prompt = await make();
    const { inputIds, images } = prompt;
    const last = imageToken === undefined ? -1 : inputIds.lastIndexOf(imageToken);
    found.tokens += inputIds.length / looked;
    found.tail += (inputIds.length - 1 - last) / looked;
    found.visual += inputIds.filter((id) => id === imageToken).length / looked;
    found.longest = Math.max(found.longest, inputIds.length);
    found.patches += images.reduce((sum, { grid: [times, rows, columns] }) => sum + times * rows * columns, 0) / looked;
    found.bytes = Math.max(found.bytes, bytes(prompt));
  }
  return found;
}
