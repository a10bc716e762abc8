/** The engine: every analysis behind one object. Served over RPC by the engine process, called directly by the tests. */
import path from 'node:path';
import type { CallContext, EngineApi, EngineHost } from './api.js';
import { discover } from './checkpoint/discover.js';
import { inspectCheckpoint } from './checkpoint/inspect.js';
import { openCheckpoint } from './checkpoint/open.js';
import { guessOrder } from './checkpoint/order.js';
import { recut } from './diff/aggregate.js';
import { sampledDistance } from './diff/closeness.js';
import { compare, planCompare } from './diff/compare.js';
import { tensorDetail } from './diff/detail.js';
import { FrankensteinError } from './errors.js';
import { exportMerged } from './merge/export.js';
import { checkRecipe, completeInPlace, mergekitFormat } from './merge/language/feedback.js';
import { hoverRecipe } from './merge/language/hover.js';
import { pictureBelowFolder } from './parquet/picture.js';
import { evaluate } from './evaluate/evaluate.js';
import { hybrids } from './evaluate/hybrids.js';
import { planEvaluate } from './evaluate/plan.js';
import { AnswerThread } from './model/thread.js';
import { planProbe } from './probe/plan.js';
import { probe } from './probe/probe.js';
import { listRuns, readEvaluation, readProbe, readRun, readSpectrum } from './runs/list.js';
import { deleteRun } from './runs/store.js';
import { recutSpectrum } from './spectrum/aggregate.js';
import { fullSpectrum } from './spectrum/full.js';
import { planSpectrum } from './spectrum/plan.js';
import { spectrum } from './spectrum/spectrum.js';
import { Turns } from './runtime/turns.js';

/**
 * `workerFile`: the bundled worker, which lies beside the bundle that calls this. `host`: what the starting process offers;
 * there is none on a terminal.
 */
export function createEngine(workerFile = path.join(__dirname, 'worker.cjs'), host?: EngineHost): EngineApi {
  const turns = new Turns();
  const answers = new AnswerThread(workerFile);
  /** Each may fill the memory budget on its own: they wait for each other, and models kept for the next question go. */
  const alone = <T>(context: CallContext<never> | undefined, work: () => Promise<T>): Promise<T> =>
    turns.take(async () => {
      await answers.release();
      return work();
    }, context?.signal);
  return {
    inspect: ({ path }, context) => inspectCheckpoint(path, context),
    planCompare,
    compare: (request, context) => alone(context, () => compare(request, workerFile, context)),
    recut: ({ result, cuts }) => Promise.resolve().then(() => recut(result, cuts)),
    tensorDetail({ stages, name, from }, context) {
      const [before, after] = [stages[from], stages[from + 1]];
      if (!before || !after) return Promise.reject(new FrankensteinError('bad-request', `There is no update number ${from} between ${stages.length} stages.`));
      return tensorDetail({ before: before.path, after: after.path, name, from }, context);
    },
    planSpectrum,
    spectrum: (request, context) => alone(context, () => spectrum(request, workerFile, context)),
    recutSpectrum: ({ result, cuts }) => Promise.resolve().then(() => recutSpectrum(result, cuts)),
    fullSpectrum: (request, context) => fullSpectrum(request, workerFile, (work) => alone(context, work), context),
    guessOrder: ({ paths }, context) =>
      guessOrder(paths, async (a, b) => sampledDistance(await openCheckpoint(a, context), await openCheckpoint(b, context)), context?.signal),
    generate: (request, context) => turns.take(() => answers.ask(request, context), context?.signal),
    planProbe: (request, context) => planProbe(request, workerFile, turns, () => answers.release(), context),
    probe: (request, context) => alone(context, () => probe(request, workerFile, context)),
    checkRecipe,
    completeRecipe: completeInPlace,
    hoverRecipe: ({ text, offset }) => Promise.resolve(hoverRecipe(text, offset) ?? null),
    mergekitFormat,
    exportMerged: (request, context) => exportMerged(request, workerFile, context),
    hybrids,
    planEvaluate: (request, context) => planEvaluate(request, workerFile, turns, () => answers.release(), context),
    evaluate: (request, context) => alone(context, () => evaluate(request, workerFile, host, context)),
    parquetPicture: ({ folder, name }) => pictureBelowFolder(folder, name),
    discover,
    listRuns: ({ runsFolder }) => listRuns(runsFolder),
    readRun: ({ runsFolder, runId }) => readRun(runsFolder, runId),
    readSpectrum: ({ runsFolder, runId }) => readSpectrum(runsFolder, runId),
    readProbe: ({ runsFolder, runId }) => readProbe(runsFolder, runId),
    readEvaluation: ({ runsFolder, runId }) => readEvaluation(runsFolder, runId),
    deleteRun: ({ runsFolder, runId }) => deleteRun(runsFolder, runId),
  };
}
