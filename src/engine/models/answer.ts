/** One question to a checkpoint, from files to text. */
import type { CallContext } from '../calls.js';
import type { GenerateProgress, GenerateRequest, GenerateResult } from './request.js';
import { checkUnchanged } from '../checkpoint/fingerprint.js';
import { generate } from './generate.js';
import { readGenerationDefaults } from './generation/settings.js';
import type { OpenModels, OpenSettings } from './openModels.js';
import { imageNamed, promptBytes } from './plan.js';
import { type ImageNeeds, readImage } from './processor/decodeImage.js';
import { checkFraming, messagesOf, prefixed } from './processor/framing.js';
import type { ProcessedImage } from './processor/processedImage.js';
import { providerOf } from './sessions.js';
import { readSpec } from './spec.js';
import { streamingNotice } from './streaming.js';

/** New tokens where the request says nothing: as many as the method's probes use. */
const DEFAULT_NEW_TOKENS = 128;

/**
 * Answers a request. Each new token is reported as soon as it is certain.
 * @param models keep what was opened for the next question.
 * @throws what opening, the processor and the model throw; `cancelled` between two layers.
 */
export async function answer(
  request: GenerateRequest,
  models: OpenModels,
  { signal, progress }: CallContext<GenerateProgress> = {},
): Promise<GenerateResult> {
  const settings: OpenSettings = {
    path: request.path,
    memory: request.memory,
    threads: request.threads,
    provider: providerOf(request.provider ?? 'cpu'),
    minPixels: request.minPixels,
    maxPixels: request.maxPixels,
  };
  // What the model cannot do is said before images are read.
  const opened = await models.open(settings, signal);
  const { checkpoint, processor } = opened;
  checkFraming(processor, request, checkpoint.path);
  const files = request.images ?? [];
  const images: ProcessedImage[] = [];
  // One after another: a decoded image goes as soon as it is cut into patches.
  for (const file of files) {
    const room = ({ bytes, ...size }: ImageNeeds) =>
      models.makeRoom(settings, bytes + processor.imageBytes(size), imageNamed(file, size));
    images.push(processor.processImage(await readImage(file, { signal, room })));
  }
  const maxNewTokens = request.maxNewTokens ?? DEFAULT_NEW_TOKENS;
  const prompt = processor.process({
    input: processor.chats
      ? { messages: messagesOf(request.prompt, images.length, request) }
      : { prompt: prefixed(request.prompt, request) },
    images,
    newTokens: maxNewTokens,
  });
  const { model, notices } = await models.model(
    opened,
    settings,
    promptBytes(readSpec(checkpoint), prompt, maxNewTokens),
  );
  const defaults = await readGenerationDefaults(checkpoint);
  const { temperature = 0, topK = defaults.topK, topP = defaults.topP, seed = 0 } = request.sampling ?? {};
  const stream = processor.stream();
  const report = (text: string) => {
    if (text !== '') progress?.({ text });
  };
  const [found] = await generate(model, [prompt], {
    maxNewTokens,
    stopTokens: processor.stopTokens,
    sampling: { temperature, topK, topP, seed },
    rules: defaults.rules,
    topLogits: request.topLogits,
    onToken: (_, token) => report(stream.push(token)),
    signal,
  });
  report(stream.end());
  await checkUnchanged(checkpoint);
  const { tokenIds, ended, topLogits } = found!;
  return {
    text: processor.decode(tokenIds),
    tokenIds,
    promptTokens: prompt.inputIds.length,
    topLogits,
    ended,
    provider: model.provider,
    notices: [
      ...notices,
      ...processor.tokenizer.notices,
      ...defaults.notices(temperature > 0, processor.stopTokens),
      ...streamingNotice(model),
    ],
  };
}
