/** What an evaluation will cost. */
import type { CallContext } from '../api.js';
import { planMemory } from '../model/plan.js';
import { readSpec } from '../model/spec.js';
import { StoredAnswers } from '../runs/answers.js';
import { answerFacts, keysOf, setUp } from './evaluate.js';
import type { EvaluatePlan, EvaluateProgress, EvaluateRequest } from './request.js';

/** Headers and questions are read, weights and pictures are not. */
export async function planEvaluate(request: EvaluateRequest, context: CallContext<EvaluateProgress> = {}): Promise<EvaluatePlan> {
  const setup = await setUp(request, context);
  const keys = [...keysOf(setup.items)];
  let cached = 0;
  if (request.runsFolder !== undefined) {
    for (const facts of answerFacts(setup)) {
      const known = await StoredAnswers.peek(request.runsFolder, facts);
      cached += keys.filter((key) => known.has(key)).length;
    }
  }
  return {
    questions: setup.sets.sets.reduce((sum, { questions }) => sum + questions.length, 0),
    generations: keys.length * setup.checkpoints.length,
    cached,
    memory: Math.max(...setup.checkpoints.map((checkpoint) => planMemory(checkpoint, readSpec(checkpoint), request.memory, request.threads).memory)),
    seconds: null,
  };
}
