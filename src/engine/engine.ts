/**
 * The engine: every analysis behind one object. Served over RPC by the engine process, called directly by the tests.
 * The module of an analysis is loaded when it is first asked for: parsing them all takes longer than most answers.
 */
import { ANALYSES, type AnalysisCalls, type RunLocation } from './analyses/analyses.js';
import type { Analysis, Tools } from './analyses/declare/definition.js';
import { parseRequest } from './analyses/declare/request.js';
import type { EngineApi } from './api.js';
import type { CallContext, EngineHost } from './calls.js';
import { isEndpointPath } from './checkpoint/endpointPath.js';
import { FrankensteinError } from './errors.js';
import { isExperiment } from './experiments/file.js';
import { isPlan } from './freeze/planFile.js';
import { AnswerThread } from './models/thread.js';
import { Mutex } from './runtime/mutex.js';

/** A call whose module is loaded with the first one. */
function lazy<Arguments extends unknown[], Result>(
  load: () => Promise<(...args: Arguments) => Result | Promise<Result>>,
): (...args: Arguments) => Promise<Result> {
  return async (...args) => (await load())(...args);
}

type Alone = <T>(context: CallContext<never> | undefined, work: () => Promise<T>) => Promise<T>;

/** The calls of every analysis. What is asked is checked against the schema before anything is opened. */
function callsOf(tools: Tools, exclusive: Alone): AnalysisCalls {
  const calls = ANALYSES.map((definition): [string, (request: never, context?: CallContext<never>) => unknown][] => {
    const { name, request: schema } = definition;
    const own = name[0]!.toUpperCase() + name.slice(1);
    const engine = async () => (await definition.analysis()) as Analysis<unknown, unknown, unknown, never>;
    return [
      [
        name,
        async (request, context) => {
          const asked = parseRequest(schema, request);
          return exclusive(context, async () => (await engine()).run(asked, tools, context));
        },
      ],
      [`plan${own}`, async (request, context) => (await engine()).plan(parseRequest(schema, request), tools, context)],
      [
        `read${own}`,
        async (location: RunLocation) => (await import('./analyses/list.js')).readResult<unknown>(definition, location),
      ],
    ];
  });
  return Object.fromEntries(calls.flat()) as unknown as AnalysisCalls;
}

/** A model behind an address fills no budget here, and waits for nothing. */
function generateWith(mutex: Mutex, answers: AnswerThread, host: EngineHost | undefined): EngineApi['generate'] {
  return async (request, context) =>
    isEndpointPath(request.path)
      ? (await import('./models/served.js')).askServed(request, host, context)
      : mutex.take(() => answers.ask(request, context), context?.signal);
}

/** `workerFile`: the bundled worker. `host`: what the starting process offers; there is none on a terminal. */
export function createEngine(workerFile: string, host?: EngineHost): EngineApi {
  const mutex = new Mutex();
  const answers = new AnswerThread(workerFile);
  /** Each may fill the memory budget on its own: they wait for each other, and models kept for the next question go. */
  const exclusive: Alone = (context, work) =>
    mutex.take(async () => {
      await answers.release();
      return work();
    }, context?.signal);
  return {
    inspect: async ({ path }, context) =>
      (await import('./analyses/inspect/inspect.js')).inspectCheckpoint(path, context),
    ...callsOf({ workerFile, host, mutex, release: () => answers.release() }, exclusive),
    async tensorDetail({ stages, name, from }, context) {
      const [before, after] = [stages[from], stages[from + 1]];
      if (!before || !after)
        throw new FrankensteinError(
          'bad-request',
          `There is no update number ${from} between ${stages.length} stages.`,
        );
      return (await import('./analyses/compare/detail.js')).tensorDetail(
        { before: before.path, after: after.path, name, from },
        context,
      );
    },
    fullSpectrum: async (request, context) =>
      (await import('./analyses/spectrum/full.js')).fullSpectrum(
        request,
        workerFile,
        (work) => exclusive(context, work),
        context,
      ),
    findSteps: async (request, context) =>
      (await import('./analyses/trajectory/steps.js')).findSteps(request, context?.signal),
    async guessOrder({ paths }, context) {
      const [{ guessOrder }, { openCheckpoint }, { sampledDistance }] = await Promise.all([
        import('./lineage/order.js'),
        import('./merge/checkpoint.js'),
        import('./analyses/compare/closeness.js'),
      ]);
      return guessOrder(
        paths,
        async (a, b) => sampledDistance(await openCheckpoint(a, context), await openCheckpoint(b, context)),
        context?.signal,
      );
    },
    generate: generateWith(mutex, answers, host),
    checkRecipe: async (request, context) =>
      isExperiment(request.file)
        ? (await import('./experiments/language/check.js')).checkExperiment(request, context)
        : isPlan(request.file)
          ? (await import('./freeze/language/sketch.js')).checkPlan(request, context)
          : (await import('./merge/language/feedback.js')).checkRecipe(request, context),
    completeRecipe: async (request, context) =>
      isExperiment(request.file)
        ? (await import('./experiments/language/complete.js')).completeExperimentInPlace(request, context)
        : isPlan(request.file)
          ? (await import('./freeze/language/complete.js')).completePlanInPlace(request, context)
          : (await import('./merge/language/feedback.js')).completeInPlace(request, context),
    hoverRecipe: async (request, context) =>
      isExperiment(request.file)
        ? (await import('./experiments/language/hover.js')).hoverExperiment(request)
        : isPlan(request.file)
          ? (await import('./freeze/language/hover.js')).hoverPlan(request, context)
          : ((await import('./merge/language/hover.js')).hoverRecipe(request.text, request.offset) ?? null),
    mergekitFormat: lazy(async () => (await import('./merge/language/feedback.js')).mergekitFormat),
    exportMerged: async (request, context) =>
      (await import('./merge/export/export.js')).exportMerged(
        request,
        workerFile,
        (work) => exclusive(context, work),
        context,
      ),
    hybrids: lazy(async () => (await import('./analyses/evaluate/hybrids.js')).hybrids),
    findImports: lazy(async () => (await import('./analyses/evaluate/imports/scan.js')).importRequest),
    planFreeze: lazy(async () => (await import('./freeze/experiment.js')).planExperiment),
    inspectTraining: lazy(async () => (await import('./freeze/run.js')).inspectTraining),
    installTraining: lazy(async () => (await import('./freeze/run.js')).installTraining),
    trainRuns: lazy(async () => (await import('./freeze/run.js')).trainRuns),
    verifyFrozen: lazy(async () => (await import('./freeze/verifyExperiment.js')).verifyFrozen),
    reportStages: lazy(async () => (await import('./freeze/reportStages.js')).reportStages),
    freezeReport: async ({ evaluation, runs, doubts, margin }) =>
      (await import('./freeze/report.js')).freezeReport(evaluation, runs, { doubts, margin }),
    readTraining: lazy(async () => (await import('./training/training.js')).readTraining),
    trainingCompletions: lazy(async () => (await import('./training/training.js')).trainingCompletions),
    parquetImage: async ({ folder, name }) => (await import('./parquet/image.js')).imageBelowFolder(folder, name),
    discover: lazy(async () => (await import('./checkpoint/discover.js')).discover),
    readExperiment: async ({ file, text }) => {
      const [{ readExperimentText }, { stepsOf }] = await Promise.all([
        import('./experiments/document.js'),
        import('./experiments/steps.js'),
      ]);
      return { steps: stepsOf(readExperimentText(file, text)) };
    },
    listExperiments: async ({ runsFolder }) => (await import('./experiments/record.js')).listRecords(runsFolder),
    listRuns: async ({ runsFolder }) => (await import('./analyses/list.js')).listRuns(runsFolder),
    deleteRun: async ({ runsFolder, runId }) => (await import('./runs/store.js')).deleteRun(runsFolder, runId),
  };
}
