/** `frankenstein run`: a whole experiment from one file. */
import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { analysisOf } from '../engine/analyses/analyses.js';
import { readText } from '../engine/checkpoint/text.js';
import { FrankensteinError } from '../engine/errors.js';
import { isExperiment } from '../engine/experiments/file.js';
import { runFolder } from '../engine/runs/store.js';
import { recordFolder } from '../engine/experiments/record.js';
import {
  type Ended,
  laboratoryOf,
  type Machine,
  placesOf,
  planStep,
  runExperiment,
  type StepPlan,
  totalOf,
} from '../engine/experiments/run.js';
import { addressesOf, chosenSteps, commandsOf, type Step } from '../engine/experiments/steps.js';
import { formatBytes, formatSeconds, table } from '../engine/report/text.js';
import { sentenceOf } from './exit.js';
import { type CommandContext, parseCount, parseSize } from './options.js';
import { note, print, withProgress } from './terminal.js';

/** Bytes; real ones have a few kilobytes. */
const FILE_LIMIT = 16 * 1024 * 1024;

interface RunOptions {
  only?: string[];
  plan?: boolean;
  graderKey?: string;
  allowServe?: boolean;
  memory?: number;
  threads?: number;
  /** False for `--no-runs`. */
  runs: string | false;
}

export function runCommand(context: CommandContext): Command {
  return new Command('run')
    .description(
      'Run an experiment: everything that a .experiment.yaml file says, in order; what is done is not done again, and ' +
        'what was interrupted continues',
    )
    .argument('<file>', 'the experiment')
    .option(
      '--only <names...>',
      'parts of it, or single runs, as --plan names them',
      (text: string, before: string[] = []) => [...before, ...text.split(',')],
    )
    .option('--plan', 'say what each part would cost, and do not run')
    .option(
      '--grader-key <variable>',
      'name of the environment variable with the key of the grader or the endpoint that the file names',
    )
    .option('--allow-serve', 'let the serve commands of the file start servers; --plan shows them')
    .option('--memory <size>', 'memory budget, such as 2GB (default: half of the machine)', parseSize)
    .option('--threads <n>', 'threads (default: all cores)', parseCount)
    .option('--runs <folder>', 'where runs are kept, so that an interrupted one continues', '.frankenstein')
    .action(async (given: string, options: RunOptions) => {
      const file = path.resolve(given);
      if (!isExperiment(file))
        throw new InvalidArgumentError(`${given} is no experiment: its name ends in .experiment.yaml.`);
      const { steps } = await context.engine.readExperiment(
        { file, text: await readText(file, FILE_LIMIT, context.signal) },
        { signal: context.signal },
      );
      const chosen = chosenSteps(steps, options.only);
      for (const address of addressesOf(chosen)) note(`Answers or images are sent to ${address}.`);
      for (const command of commandsOf(chosen)) note(`Servers are started with: ${command}`);
      if (options.plan !== true && options.allowServe !== true && commandsOf(chosen).length > 0)
        throw new FrankensteinError(
          'bad-request',
          `${given} starts programs: look at the commands above, and allow them with --allow-serve.`,
        );
      const machine: Machine = {
        memory: options.memory,
        threads: options.threads,
        runsFolder: options.runs === false ? undefined : path.resolve(options.runs),
        keyVariable: options.graderKey,
        serveAllowed: options.allowServe,
      };
      if (options.plan === true) await plan(context, chosen, machine);
      else await run(context, file, { all: steps, chosen }, machine);
    });
}

async function plan({ engine, signal }: CommandContext, steps: readonly Step[], machine: Machine): Promise<void> {
  const laboratory = laboratoryOf(engine);
  const plans: StepPlan[] = [];
  const failures: Ended[] = [];
  for (const step of steps) {
    try {
      const found = await planStep(step, laboratory, machine, { signal });
      plans.push(found);
      await print(`${step.name} (${step.run}): ${found.text}\n`);
    } catch (error) {
      if (signal.aborted) throw error;
      failures.push({ step, state: 'failed', before: false, runId: null, output: null, error });
      await print(`${step.name} (${step.run}): ${sentenceOf(error)}\n`);
    }
    for (const place of placesOf(step)) await print(`  reads ${place}\n`);
  }
  const { seconds, memory } = totalOf(plans);
  const time = seconds === null ? '' : `about ${formatSeconds(seconds)}, `;
  await print(`${countOf(steps.length)} in all: ${time}within ${formatBytes(memory)} of memory.\n`);
  refuse(failures, steps.length);
}

async function run(
  { engine, signal }: CommandContext,
  file: string,
  steps: { all: readonly Step[]; chosen: readonly Step[] },
  machine: Machine,
): Promise<void> {
  const { length } = steps.chosen;
  const done: Ended[] = [];
  try {
    await runExperiment(file, steps, laboratoryOf(engine), machine, {
      signal,
      // The line of progress says where in the experiment it is.
      during: (work, step, index) =>
        withProgress(
          (show) => work((now) => show({ ...now, phase: `[${index + 1} of ${length}] ${now.phase}` })),
          step.task === 'verify' ? undefined : analysisOf(step.analysis).unit,
        ),
      began: (step, index) => note(`${index + 1} of ${length}  ${step.name} (${step.run}) …`),
      ended: (ended, index) => {
        done.push(ended);
        const how = ended.state === 'failed' ? sentenceOf(ended.error) : ended.before ? 'was done before' : 'done';
        note(`${index + 1} of ${length}  ${ended.step.name}: ${how}`);
      },
    });
  } catch (error) {
    const left = steps.chosen.slice(done.length).map(({ name }) => name);
    if (signal.aborted && left.length > 0)
      note(`${done.length} of ${length} are done. Left: ${left.join(', ')}. The next start continues from there.`);
    throw error;
  }
  await print(`${summary(file, done, machine)}\n`);
  refuse(
    done.filter(({ state }) => state === 'failed'),
    length,
  );
}

/** A row per step, with where its result lies. */
function summary(file: string, done: readonly Ended[], { runsFolder }: Machine): string {
  const rows = done.map(({ step, state, before, runId, output, error }) => [
    step.name,
    step.run,
    state === 'failed' ? 'failed' : before ? 'done before' : 'done',
    state === 'failed'
      ? sentenceOf(error)
      : runsFolder === undefined
        ? ''
        : output !== null
          ? path.join(recordFolder(runsFolder, file), output)
          : runId === null
            ? ''
            : path.join(runFolder(runsFolder, runId), 'result.json'),
  ]);
  return table(rows, [false, false, false, false]);
}

const countOf = (count: number) => `${count} ${count === 1 ? 'run' : 'runs'}`;

/** @throws with the code of the first failure, after the others have been done */
function refuse(failures: readonly Ended[], of: number): void {
  const [first] = failures;
  if (first === undefined) return;
  const { code } = first.error as { code?: FrankensteinError['code'] };
  const names = failures.map(({ step }) => step.name).join(', ');
  throw new FrankensteinError(code ?? 'internal', `${failures.length} of ${countOf(of)} failed: ${names}.`);
}
