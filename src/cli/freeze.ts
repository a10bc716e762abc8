/**
 * `frankenstein freeze`: is a part of the model necessary? The same training with it frozen: plan, run, verify,
 * report.
 */
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Options } from '../engine/analyses/declare/field.js';
import { typedCuts, typedSeed } from '../engine/analyses/declare/typed.js';
import { FrankensteinError } from '../engine/errors.js';
import { OUTSIDE, type Outside } from '../engine/analyses/verify/request.js';
import { type FreezeInput, TRAINERS } from '../engine/freeze/schema.js';
import { runsOf, splitSelectors } from '../engine/freeze/matrix.js';
import type { RunProgress } from '../engine/freeze/run.js';
import { definition as evaluation } from '../engine/analyses/evaluate/definition.js';
import { planSentence } from '../engine/analyses/evaluate/report.js';
import type { EvaluateRequest } from '../engine/analyses/evaluate/request.js';
import { addRequestOptions, requestFrom } from './analysisCommand.js';
import { answerReport, failureOf, freezePlanReport, verifyReport } from './freezeReport.js';
import { type CommandContext, parseCount, typed } from './options.js';
import { writeOutput } from './output.js';
import { note, print, withProgress } from './terminal.js';

interface PlanOptions {
  data: string;
  trainer: (typeof TRAINERS)[number];
  freeze?: string[];
  trainOnly?: string[];
  also?: Outside[];
  method?: 'full' | 'lora';
  cuts?: [number, number];
  seeds?: number[];
  steps?: number;
  prompts?: number;
  completions?: number;
  maxPromptLength?: number;
  maxCompletionLength?: number;
  learningRate?: number;
  kl?: number;
  loraRank?: number;
  precision?: 'float32' | 'bfloat16';
  device?: 'cuda' | 'cpu';
  saveEvery?: number;
  system?: string;
  out?: string;
  json?: string;
}

export function freezeCommand(context: CommandContext): Command {
  return new Command('freeze')
    .description('Freeze and retrain: the same training with layers frozen; is a part of the model necessary?')
    .addCommand(planCommand(context))
    .addCommand(runCommand(context))
    .addCommand(verifyCommand(context))
    .addCommand(reportCommand(context));
}

function planCommand({ engine, signal }: CommandContext): Command {
  const selectors = (text: string, before: string[] = []) => [...before, ...splitSelectors(text)];
  return new Command('plan')
    .description(
      'Write the trainings of an experiment: a control and runs that differ in what is frozen, with ' +
        'launch scripts for a trainer',
    )
    .argument('<checkpoint>', 'IN, which every run starts from')
    .requiredOption('--data <path>', 'JSONL or Parquet file of questions to train on, or a folder of them')
    .addOption(new Option('--trainer <name>', 'what trains').choices(TRAINERS).makeOptionMandatory())
    .option(
      '--freeze <what...>',
      'a run per item: early, mid, late, layers such as 4-7, each (a run per layer), a pattern such as ' +
        '/q_proj/; join with +, and add .attention or .mlp for a part (default: early,mid,late)',
      selectors,
    )
    .option('--train-only <what...>', 'a run per item in which no other language layer trains', selectors)
    .option('--also <parts>', `frozen in every run, the control too: ${OUTSIDE.join(', ')}`, parseOutside)
    .addOption(
      new Option('--method <method>', 'all parameters, or LoRA adapters (default: full)').choices(['full', 'lora']),
    )
    .option('--cuts <mid,late>', 'first layer of Mid and of Late, 0-based (default: thirds)', typed(typedCuts))
    .option('--seeds <numbers>', 'each run once per seed (default: 0)', (text) => text.split(',').map(typed(typedSeed)))
    .option('--steps <n>', 'updates of the weights (default: 100)', parseCount)
    .option('--prompts <n>', 'prompts per step (default: 8)', parseCount)
    .option('--completions <n>', 'completions per prompt (default: 8)', parseCount)
    .option('--max-prompt-length <n>', 'tokens of a prompt, images included (default: 2048)', parseCount)
    .option('--max-completion-length <n>', 'new tokens per completion (default: 512)', parseCount)
    .option('--learning-rate <x>', 'default: 1e-6', parsePositive)
    .option('--kl <x>', 'weight of the KL term to IN (default: 0)', parseFraction)
    .option('--lora-rank <n>', 'rank of adapters (default: 16)', parseCount)
    .addOption(
      new Option('--precision <dtype>', 'of weights and result (default: float32)').choices(['float32', 'bfloat16']),
    )
    .addOption(new Option('--device <device>', 'default: cuda').choices(['cuda', 'cpu']))
    .option('--save-every <n>', 'steps between checkpoints (default: 25)', parseCount)
    .option('--system <text>', 'a system message in front of every prompt')
    .option('--out <folder>', 'where the experiment is written; left out, the plan is only shown')
    .option('--json <file>', 'write the plan as JSON (schema 1); - for stdout')
    .action(async (checkpoint: string, options: PlanOptions) => {
      const planned = await engine.planFreeze(
        { settings: settingsOf(checkpoint, options), out: options.out },
        { signal },
      );
      if (options.json !== undefined) await writeOutput(options.json, `${JSON.stringify(planned)}\n`);
      if (options.json !== '-') await print(freezePlanReport(planned));
    });
}

interface RunOptions {
  python?: string;
  only?: string[];
  yes?: boolean;
}

function runCommand({ engine, signal }: CommandContext): Command {
  return new Command('run')
    .description('Train the runs of an experiment on this machine; what was stopped continues, what is finished stays')
    .argument('<experiment>', 'its folder')
    .option('--python <path>', 'the Python to train with (default: .venv beside the plan, the active one, python3)')
    .option('--only <runs>', 'names of runs, comma-separated (default: all)', (text) => text.split(','))
    .option('--yes', 'install missing packages beside the plan without asking')
    .action(async (experiment: string, options: RunOptions) => {
      const python = options.python === undefined ? undefined : programFrom(options.python);
      const request = { experiment: path.resolve(experiment), python, only: options.only };
      const state = await engine.inspectTraining(request, { signal });
      const context = { signal, progress: ({ run, line }: RunProgress) => note(run === '' ? line : `${run}: ${line}`) };
      const { python: ready } =
        state.lacking.length > 0 && (options.yes === true || (await agreed(state.install)))
          ? await engine.installTraining(request, context)
          : state;
      const { runs } = await engine.trainRuns({ ...request, python: ready }, context);
      await print(`${runs.map(({ run, state: how }) => `${run}: ${how}`).join('\n')}\n`);
    });
}

/** A path counts from here, and runs start in folders of their own; a bare name is looked up by the system. */
function programFrom(given: string): string {
  return /[\\/]/.test(given) ? path.resolve(given) : given;
}

/** Asks on a terminal; anywhere else, nothing is installed. */
async function agreed(command: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(
      `Packages are missing. Install them beside the plan with\n  ${command}\n? [y/N] `,
    );
    return /^y(?:es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}

interface VerifyOptions {
  frozen?: string[];
  also?: Outside[];
  cuts?: [number, number];
  json?: string;
  /** False for `--no-runs`. */
  runs: string | false;
}

function verifyCommand({ engine, signal }: CommandContext): Command {
  const selectors = (text: string, before: string[] = []) => [...before, ...splitSelectors(text)];
  return new Command('verify')
    .description('Prove that frozen weights stayed as they were, bit for bit; exit code 9 where one moved')
    .argument('<experiment or IN>', 'the folder of an experiment; or IN, followed by a result')
    .argument('[result]', 'a checkpoint or adapter that was trained from IN')
    .option('--frozen <what...>', 'what should have stayed: early, mid, late, layers such as 4-7, a pattern', selectors)
    .option('--also <parts>', `parts that should have stayed: ${OUTSIDE.join(', ')}`, parseOutside)
    .option('--cuts <mid,late>', 'first layer of Mid and of Late, 0-based (default: thirds)', typed(typedCuts))
    .option('--json <file>', 'write the result as JSON (schema 1); - for stdout')
    .option('--runs <folder>', 'where verifications are kept: of the same files, the next is at once', '.frankenstein')
    .option('--no-runs', 'keep nothing on disk')
    .action(async (first: string, second: string | undefined, options: VerifyOptions) => {
      const { frozen = [], also, cuts } = options;
      if (second === undefined && (frozen.length > 0 || also !== undefined))
        throw new InvalidArgumentError(
          '--frozen and --also go with IN and a result; an experiment says it in its plan.',
        );
      if (second !== undefined && frozen.length === 0 && also === undefined)
        throw new InvalidArgumentError('--frozen says what should have stayed.');
      const runsFolder = options.runs === false ? undefined : path.resolve(options.runs);
      const request =
        second === undefined
          ? { experiment: path.resolve(first), runsFolder }
          : { in: path.resolve(first), result: path.resolve(second), frozen, also, cuts, runsFolder };
      const result = await withProgress((progress) => engine.verifyFrozen(request, { signal, progress }));
      if (options.json !== undefined) await writeOutput(options.json, `${JSON.stringify(result)}\n`);
      if (options.json !== '-') await print(verifyReport(result));
      if (!result.passed) throw new FrankensteinError('not-frozen', failureOf(result));
    });
}

interface ReportOptions extends Options {
  margin?: number;
  json?: string;
  plan?: boolean;
}

function reportCommand({ engine, signal }: CommandContext): Command {
  const command = new Command('report')
    .description(
      'Evaluate IN, the control and every frozen run: which parts are necessary, sufficient, ' +
        'transferable, with paired tests',
    )
    .argument('<experiment>', 'its folder')
    .option('--margin <points>', 'what counts as equivalent, in points of a hundred (default: 5)', parsePositive)
    .action(async (experiment: string, options: ReportOptions) => {
      const asked = requestFrom(evaluation, options) as Partial<EvaluateRequest>;
      const { checkpoints, runs, waiting, doubts } = await engine.reportStages(
        { experiment: path.resolve(experiment), runsFolder: asked.runsFolder },
        { signal },
      );
      for (const run of waiting) note(`${run} has no result yet and is left out.`);
      const request = { ...asked, checkpoints } as EvaluateRequest;
      if (options.plan === true) return print(`${planSentence(await engine.planEvaluate(request, { signal }))}\n`);
      const answers = await withProgress((progress) => engine.evaluate(request, { signal, progress }), evaluation.unit);
      const margin = options.margin === undefined ? undefined : options.margin / 100;
      const report = await engine.freezeReport({ evaluation: answers, runs, doubts, margin });
      if (options.json !== undefined) await writeOutput(options.json, `${JSON.stringify(report)}\n`);
      if (options.json !== '-') await print(answerReport(report));
    });
  return addRequestOptions(command, evaluation);
}

function parseOutside(text: string): Outside[] {
  return splitSelectors(text).map((part) => {
    const known = OUTSIDE.find((name) => name === part);
    if (known === undefined)
      throw new InvalidArgumentError(`There is no part "${part}"; there are ${OUTSIDE.join(', ')}.`);
    return known;
  });
}

/** Only what was said: defaults stand in one place, the schema of the plan. */
function settingsOf(checkpoint: string, options: PlanOptions): FreezeInput {
  const { freeze, trainOnly, also } = options;
  return {
    model: path.resolve(checkpoint),
    data: path.resolve(options.data),
    trainer: options.trainer,
    method: options.method,
    also,
    cuts: options.cuts,
    seeds: options.seeds,
    steps: options.steps,
    prompts: options.prompts,
    completions: options.completions,
    max_prompt_length: options.maxPromptLength,
    max_completion_length: options.maxCompletionLength,
    learning_rate: options.learningRate,
    kl: options.kl,
    lora_rank: options.loraRank,
    precision: options.precision,
    device: options.device,
    save_every: options.saveEvery,
    system: options.system,
    runs: runsOf(freeze ?? (trainOnly === undefined ? ['early', 'mid', 'late'] : []), trainOnly ?? []),
  };
}

function parsePositive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('Give a positive number.');
  return value;
}

function parseFraction(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && Number.isFinite(value)))
    throw new InvalidArgumentError('Give a number of at least 0.');
  return value;
}
