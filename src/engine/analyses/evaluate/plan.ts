/** What an evaluation will cost. */
import type { CallContext } from '../../calls.js';
import { fileIdentities } from '../../checkpoint/fingerprint.js';
import { Estimates } from '../../models/estimate.js';
import { BASE_BYTES, neededBytes, planMemory } from '../../models/plan.js';
import { readSpec } from '../../models/spec.js';
import { StoredAnswers } from '../../runs/answers.js';
import type { Mutex } from '../../runtime/mutex.js';
import { isServed } from './endpoint.js';
import { estimate } from './estimate.js';
import { questionsOf, type EvaluateSetup, setUp } from './evaluate.js';
import type { AskedQuestion } from './job.js';
import type { EvaluatePlan, EvaluateProgress, ParsedEvaluation } from './request.js';

const estimates = new Estimates();

/**
 * Headers and questions are read; then the machine is measured, unless it is at work: that would disturb both.
 * Checkpoints of one shape take the same time: the first that has something to do is measured.
 * @param mutex of the work that fills the budget; `release` frees what is kept for questions.
 */
export async function planEvaluate(
  request: ParsedEvaluation,
  workerFile: string,
  mutex: Mutex,
  release: () => Promise<void>,
  context: CallContext<EvaluateProgress> = {},
): Promise<EvaluatePlan> {
  const { signal } = context;
  const setup = await setUp(request, context);
  const wanted = questionsOf(setup.items, setup.sampling);
  const missing = await missingOf(setup, wanted);
  const left = missing.reduce((sum, asked) => sum + asked.length, 0);
  let [seconds, memory]: [number | null, number] = [0, BASE_BYTES];
  let basis: EvaluatePlan['basis'] = 'measured';
  const perShape = new Map<string, { each: number | null; batch: number }>();
  let sent = 0;
  for (const [index, checkpoint] of setup.checkpoints.entries()) {
    const asked = missing[index]!;
    if (isServed(request, checkpoint)) {
      sent += asked.length;
      // How fast it answers is known when it does.
      if (asked.length > 0) seconds = null;
      continue;
    }
    const spec = readSpec(checkpoint);
    const plan = planMemory(checkpoint, spec, request.memory, request.threads); // says so where the budget is too small
    if (asked.length === 0) continue;
    const shape = JSON.stringify([
      spec.language.layers,
      spec.language.vocabulary,
      spec.language.layer,
      spec.vision?.blocks ?? 0,
    ]);
    const key = JSON.stringify([
      checkpoint.path,
      request.checkpoints[index]!.recipe,
      fileIdentities(checkpoint),
      request.memory,
      request.threads,
      request.maxNewTokens,
      setup.answerFacts[index],
      asked.map((one) => one.key),
    ]);
    const make = () =>
      estimate(
        {
          stage: request.checkpoints[index]!,
          label: setup.labels[index]!,
          framing: setup.framings[index]!,
          asked,
          spec,
          plan,
        },
        {
          maxNewTokens: request.maxNewTokens,
          memory: request.memory,
          threads: request.threads,
          pixels: setup.pixels,
          sampling: setup.sampling,
        },
        workerFile,
        signal,
      );
    const found = perShape.has(shape)
      ? estimates.known(key)
      : await estimates.of(key, { mutex, release }, make, signal);
    if (found?.basis === 'longest') basis = 'longest';
    if (found !== undefined)
      perShape.set(shape, { each: found.seconds === null ? null : found.seconds / asked.length, batch: found.batch });
    const { each, batch } = perShape.get(shape) ?? { each: null, batch: plan.batchBytes };
    seconds = each === null || seconds === null ? null : seconds + each * asked.length;
    memory = Math.max(memory, neededBytes(plan, batch));
  }
  return {
    questions: setup.sets.sets.reduce((sum, { questions }) => sum + questions.length, 0),
    generations: wanted.length * setup.checkpoints.length,
    cached: wanted.length * setup.checkpoints.length - left,
    memory,
    seconds,
    basis,
    ...(sent > 0 && { sent }),
  };
}

/** What no earlier run has asked, per checkpoint. */
async function missingOf(setup: EvaluateSetup, wanted: readonly AskedQuestion[]): Promise<AskedQuestion[][]> {
  const {
    request: { runsFolder },
  } = setup;
  return Promise.all(
    setup.answerFacts.map(async (facts) => {
      if (runsFolder === undefined) return [...wanted];
      const known = await StoredAnswers.peek(runsFolder, facts);
      return wanted.filter(({ key }) => !known.has(key));
    }),
  );
}
