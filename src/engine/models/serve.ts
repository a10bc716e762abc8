/** In the thread that answers questions: the models that stay open between them. */
import { answer } from './answer.js';
import { OpenModels } from './openModels.js';
import type { GenerateProgress, GenerateRequest, GenerateResult } from './request.js';

const models = new OpenModels();

export function serveAnswer(
  request: GenerateRequest,
  send: (progress: GenerateProgress) => void,
  signal: AbortSignal,
): Promise<GenerateResult> {
  return answer(request, models, { signal, progress: send });
}
