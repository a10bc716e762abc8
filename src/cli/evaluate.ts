/** `frankenstein evaluate`: vision, vision-to-reasoning and reasoning of checkpoints, apart. */
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { EvaluateRequest, Role } from '../engine/analyses/evaluate/request.js';
import type { LanguageModelRequest } from '../engine/grading/languageModel.js';
import type { EvaluateResult } from '../engine/analyses/evaluate/result.js';
import { evaluateReport, evaluationPlanSentence } from './evaluateReport.js';
import { type CommandContext, parseCount, parseSeed, parseSize } from './options.js';
import { writeOutput } from './output.js';
import { createProbeLine } from './probeLine.js';
import { print } from './terminal.js';

export interface EvaluationOptions {
  data: string;
  vis?: string[];
  v2r?: string[];
  rea?: string[];
  samples?: number;
  seed?: number;
  maxNewTokens?: number;
  badLines?: 'stop' | 'skip';
  grader?: string;
  graderModel?: string;
  graderKey?: string;
  describe?: boolean;
  json?: string;
  plan?: boolean;
  memory?: number;
  threads?: number;
  runs: string | false;
  all?: boolean;
}

export function evaluateCommand(context: CommandContext): Command {
  return evaluationOptions(new Command('evaluate'))
    .description(
      'Measure vision, vision-to-reasoning and reasoning of checkpoints and recipes, with intervals and paired tests',
    )
    .argument('<checkpoint...>', 'folders, configs, shards, indexes or recipes')
    .option('--labels <names>', 'names of the checkpoints, comma-separated (default: folder names)')
    .option(
      '--roles <roles>',
      'what each is: base, in, rl, hybrid or - ; the others are tested against in and rl (default: by folder name)',
    )
    .action(async (places: string[], options: EvaluationOptions & { labels?: string; roles?: string }) => {
      const labels = options.labels?.split(',');
      if (labels && labels.length !== places.length)
        throw new InvalidArgumentError(`--labels names ${labels.length} checkpoints, but ${places.length} are given.`);
      const roles = options.roles?.split(',').map((role) => role.trim());
      if (roles && roles.length !== places.length)
        throw new InvalidArgumentError(`--roles names ${roles.length} checkpoints, but ${places.length} are given.`);
      const checkpoints = places.map((place, index) => ({
        path: path.resolve(place),
        label: labels?.[index],
        role: roleOf(roles?.[index], labels?.[index] ?? path.basename(path.resolve(place))),
      }));
      await runEvaluation(context, { checkpoints, ...requestOf(options) }, options);
    });
}

const ROLES: readonly Role[] = ['base', 'in', 'rl', 'hybrid'];

/** As given; else what the name says. */
function roleOf(given: string | undefined, name: string): Role | undefined {
  if (given === undefined) return ROLES.find((role) => role === name.toLowerCase());
  if (given === '-' || given === '') return undefined;
  const role = ROLES.find((known) => known === given.toLowerCase());
  if (role === undefined) throw new InvalidArgumentError(`There is no role "${given}"; there are ${ROLES.join(', ')}.`);
  return role;
}

/** Options that every command which asks questions has. */
export function evaluationOptions(command: Command): Command {
  const sets = (text: string, before: string[] = []) => [...before, ...text.split(',')];
  return command
    .requiredOption('--data <path>', 'JSONL or Parquet file of questions, or a folder of them: each file is a set')
    .option('--vis <files>', 'sets that vision is measured on (default: by what a set holds)', sets)
    .option('--v2r <files>', 'sets that vision-to-reasoning is measured on', sets)
    .option('--rea <files>', 'sets that reasoning is measured on', sets)
    .option('--samples <n>', 'so many questions of each set, drawn at random (default: all)', parseCount)
    .option('--seed <n>', 'of the draw (default: 0)', parseSeed)
    .option('--max-new-tokens <n>', 'max new tokens per answer (default: 512)', parseCount)
    .addOption(
      new Option(
        '--bad-lines <action>',
        'malformed lines and unreadable images: stop with an error, or skip and list them',
      ).choices(['stop', 'skip']),
    )
    .option(
      '--grader <url>',
      'LLM judge for answers that rule-based grading calls wrong: an OpenAI-compatible endpoint, such as http://localhost:8000/v1',
    )
    .option('--grader-model <name>', 'the model there')
    .option('--grader-key <variable>', 'name of the environment variable with its key')
    .option('--describe', 'let that model describe images where a set has no descriptions')
    .option('--json <file>', 'write the whole result as JSON (schema 1); - for stdout')
    .option('--all', 'list the comparisons with every reference, not only with IN')
    .option('--plan', 'say what the run would cost, and do not run')
    .option('--memory <size>', 'memory budget, such as 2GB (default: half of the machine)', parseSize)
    .option('--threads <n>', 'threads (default: all cores)', parseCount)
    .option(
      '--runs <folder>',
      'where answers are kept, so that an interrupted run continues and nothing is asked twice',
      '.frankenstein',
    )
    .option('--no-runs', 'keep nothing on disk');
}

export function requestOf(options: EvaluationOptions): Omit<EvaluateRequest, 'checkpoints'> {
  const { vis, v2r, rea } = options;
  if (options.describe && options.grader === undefined)
    throw new InvalidArgumentError('--describe needs --grader and --grader-model: the language model that describes.');
  if ((options.grader === undefined) !== (options.graderModel === undefined))
    throw new InvalidArgumentError('--grader and --grader-model go together.');
  return {
    data: path.resolve(options.data),
    sets: vis || v2r || rea ? { vis: vis ?? [], v2r: v2r ?? [], rea: rea ?? [] } : undefined,
    samples: options.samples,
    seed: options.seed,
    maxNewTokens: options.maxNewTokens,
    badLines: options.badLines,
    grader: judgeOf(options),
    describer: options.describe ? judgeOf(options) : undefined,
    memory: options.memory,
    threads: options.threads,
    runsFolder: options.runs === false ? undefined : path.resolve(options.runs),
  };
}

function judgeOf({ grader, graderModel, graderKey }: EvaluationOptions): LanguageModelRequest | undefined {
  return grader === undefined
    ? undefined
    : { kind: 'endpoint', url: grader, model: graderModel!, keyVariable: graderKey };
}

export async function runEvaluation(
  { engine, signal }: CommandContext,
  request: EvaluateRequest,
  options: EvaluationOptions,
): Promise<void> {
  if (options.plan) {
    const plan = await engine.planEvaluate(request, { signal });
    return print(options.json === '-' ? `${JSON.stringify(plan)}\n` : `${evaluationPlanSentence(plan)}\n`);
  }
  const line = createProbeLine('answers');
  let result: EvaluateResult;
  try {
    result = await engine.evaluate(request, { signal, progress: (progress) => line.show(progress) });
  } finally {
    line.clear();
  }
  if (options.json !== undefined) await writeOutput(options.json, `${JSON.stringify(result)}\n`);
  if (options.json !== '-') await print(evaluateReport(result, options.all === true));
}
