/**
 * What the engine can do, as one interface: the engine process serves it over RPC, the CLI calls it directly.
 * Requests and results are plain data (structured-clone safe).
 */
import type { AnalysisCalls, RunLocation } from './analyses/analyses.js';
import type { RunSummary } from './analyses/summary.js';
import type { GenerateResult, GenerateProgress, GenerateRequest } from './models/request.js';
import type { FoundCheckpoint } from './checkpoint/found.js';
import type { InspectResult } from './analyses/inspect/result.js';
import type { StageRequest } from './checkpoint/stage.js';
import type { CallContext } from './calls.js';
import type { GuessedOrder } from './lineage/order.js';
import type { EvaluateResult } from './analyses/evaluate/result.js';
import type { TensorDetail } from './analyses/compare/result.js';
import type { FoundSteps, StepsRequest } from './analyses/trajectory/request.js';
import type { Stitches, StitchesRequest } from './analyses/evaluate/hybridsRequest.js';
import type { ExportRequest, ExportResult } from './merge/export/export.js';
import type { MergekitConfig } from './merge/mergekit/mergekit.js';
import type { RecipeCompletion } from './merge/language/completion.js';
import type { PlannedExperiment, PlanRequest } from './freeze/experiment.js';
import type { FrozenRequest, VerifyResult } from './freeze/verifyExperiment.js';
import type { RunProgress, RunRequest, RunResult } from './freeze/run.js';
import type { PythonState } from './freeze/python.js';
import type { FreezeReport, ReportedRun } from './freeze/report.js';
import type { ReportStages } from './freeze/reportStages.js';
import type { CompletionsRequest, TrainingCompletions, TrainingReading, TrainingRequest } from './training/result.js';
import type { PlanFeedback } from './freeze/language/sketch.js';
import type { ExperimentFeedback } from './experiments/language/check.js';
import type { FoundRecord } from './experiments/record.js';
import type { Step } from './experiments/steps.js';
import type { RecipeFeedback } from './merge/language/feedback.js';
import type { RecipeHover } from './merge/language/hover.js';
import type { FullSpectrumRequest, SpectrumProgress } from './analyses/spectrum/request.js';
import type { FullSpectrum } from './analyses/spectrum/result.js';

/** The calls of every analysis in the registry, and what is none. */
export interface EngineApi extends AnalysisCalls {
  inspect(request: { path: string }, context?: CallContext): Promise<InspectResult>;
  tensorDetail(
    request: { stages: StageRequest[]; name: string; from: number; memory?: number | undefined },
    context?: CallContext,
  ): Promise<TensorDetail>;
  /** All singular values of one update: from the stored run, else computed. */
  fullSpectrum(request: FullSpectrumRequest, context?: CallContext<SpectrumProgress>): Promise<FullSpectrum>;
  /**
   * The checkpoints of a training that are whole, and those that are not yet; null where nothing is new. Waits for no
   * other work.
   */
  findSteps(request: StepsRequest, context?: CallContext<never>): Promise<FoundSteps | null>;
  /** Lineage order guessed from names and from which pair is closer; indices into `paths`, with the reason. */
  guessOrder(request: { paths: string[] }, context?: CallContext): Promise<GuessedOrder>;
  /** Runs the checkpoint on one prompt; the answer streams as progress. */
  generate(request: GenerateRequest, context?: CallContext<GenerateProgress>): Promise<GenerateResult>;
  /**
   * What is wrong with a recipe that is being written and what it would make; of a plan of frozen trainings, what
   * trains; of an experiment, what it comes to.
   */
  checkRecipe(
    request: { file: string; text: string },
    context?: CallContext<never>,
  ): Promise<RecipeFeedback | PlanFeedback | ExperimentFeedback>;
  completeRecipe(
    request: { file: string; text: string; offset: number; checkpoints: { path: string; label: string }[] },
    context?: CallContext<never>,
  ): Promise<RecipeCompletion[]>;
  hoverRecipe(
    request: { file: string; text: string; offset: number },
    context?: CallContext<never>,
  ): Promise<RecipeHover | null>;
  mergekitFormat(request: { file: string; text: string }, context?: CallContext): Promise<MergekitConfig>;
  /** Writes a recipe, or an adapter with its base, as an ordinary checkpoint. */
  exportMerged(request: ExportRequest, context?: CallContext): Promise<ExportResult>;
  /** The checkpoints of a transferability test (IN, RL and their six stitches), or of a sweep. */
  hybrids(request: StitchesRequest, context?: CallContext): Promise<Stitches>;
  /** Plans trainings that differ in what is frozen, and writes their folder. */
  planFreeze(request: PlanRequest, context?: CallContext<never>): Promise<PlannedExperiment>;
  /** Which Python would train an experiment, and what it lacks. */
  inspectTraining(request: RunRequest, context?: CallContext<never>): Promise<PythonState>;
  /** Installs what an experiment's trainer needs, beside its plan. */
  installTraining(request: RunRequest, context?: CallContext<RunProgress>): Promise<PythonState>;
  /** Trains the runs that are not finished; what the trainer writes is progress. */
  trainRuns(request: RunRequest, context?: CallContext<RunProgress>): Promise<RunResult>;
  /** Of a freeze experiment, or of a pair: whether frozen weights stayed, bit for bit, and how far the others moved. */
  verifyFrozen(request: FrozenRequest, context?: CallContext): Promise<VerifyResult>;
  /** What a report of an experiment evaluates. */
  reportStages(
    request: { experiment: string; runsFolder?: string | undefined },
    context?: CallContext<never>,
  ): Promise<ReportStages>;
  /** Necessary, sufficient, transferable: from an evaluation of those stages. `margin` is that of equivalence. */
  freezeReport(request: {
    evaluation: EvaluateResult;
    runs: ReportedRun[];
    doubts?: string[] | undefined;
    margin?: number | undefined;
  }): Promise<FreezeReport>;
  /** What trainers logged below these folders; null where nothing has changed since the version that is known. */
  readTraining(request: TrainingRequest, context?: CallContext<never>): Promise<TrainingReading | null>;
  /** What a model wrote at one step of a training. */
  trainingCompletions(request: CompletionsRequest, context?: CallContext<never>): Promise<TrainingCompletions>;
  /** An image inside a Parquet file of this folder, as an evaluation names it. */
  parquetImage(request: { folder: string; name: string }): Promise<Uint8Array>;
  /** Checkpoints below `roots` and in the Hugging Face cache, without opening a weight file. */
  discover(request: { roots: string[]; huggingFaceCache: boolean }, context?: CallContext): Promise<FoundCheckpoint[]>;
  /** The runs that an experiment comes to, in order. */
  readExperiment(request: { file: string; text: string }, context?: CallContext<never>): Promise<{ steps: Step[] }>;
  /** What became of the experiments whose runs lie here, the newest first. */
  listExperiments(request: { runsFolder: string }): Promise<FoundRecord[]>;
  listRuns(request: { runsFolder: string }): Promise<RunSummary[]>;
  deleteRun(location: RunLocation): Promise<void>;
}
