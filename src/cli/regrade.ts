/** `frankenstein regrade`: answers of evaluations judged again, without asking anything. */
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { RunLocation } from '../engine/analyses/analyses.js';
import { definition } from '../engine/analyses/evaluate/definition.js';
import { regradeRequest } from '../engine/analyses/evaluate/regradeRequest.js';
import { rightOf, textsOf } from '../engine/analyses/evaluate/givenAnswers.js';
import type { EvaluateResult, Setting } from '../engine/analyses/evaluate/result.js';
import { FrankensteinError } from '../engine/errors.js';
import { table } from '../engine/report/text.js';
import { isRunId } from '../engine/runs/store.js';
import type { CommandContext } from './options.js';
import { writeOutput } from './output.js';
import { note, print, withProgress } from './terminal.js';

interface RegradeOptions {
  rules: 'task' | 'format';
  grader?: string;
  graderModel?: string;
  graderKey?: string;
  graderScope: 'wrong' | 'all';
  verdicts?: string;
  changed?: boolean;
  json?: string;
  runs: string;
}

export function regradeCommand(context: CommandContext): Command {
  return new Command('regrade')
    .description(
      "Judge the answers of evaluations again: by this version's rules, by their form, by another grader, or by a file of " +
        'verdicts; nothing is asked of a checkpoint, and the result is a run of its own',
    )
    .argument('<run...>', 'ids of runs, or their folders')
    .addOption(
      new Option(
        '--rules <rules>',
        'task: by the type of answer; format: the answer must also stand in <answer>…</answer>, \\boxed{…} or JSON',
      )
        .choices(['task', 'format'])
        .default('task'),
    )
    .option('--grader <url>', 'LLM judge: an OpenAI-compatible endpoint, such as http://localhost:8000/v1')
    .option('--grader-model <name>', 'the model there')
    .option('--grader-key <variable>', 'name of the environment variable with its key')
    .addOption(
      new Option(
        '--grader-scope <scope>',
        'what that judge is shown: the answers that the rules call wrong, or all (its verdicts replace the rules both ' +
          'ways, and their agreement is measured)',
      )
        .choices(['wrong', 'all'])
        .default('wrong'),
    )
    .option(
      '--verdicts <file>',
      'JSONL of verdicts in place of a judge: {"id", "right"}, "checkpoint", "setting", "answer"',
    )
    .option('--changed', 'list the answers whose verdict is another one now')
    .option('--json <file>', 'write the whole result of one run as JSON (schema 1); - for stdout')
    .option('--runs <folder>', 'where the runs are, and the new ones are kept', '.frankenstein')
    .action(async (runs: string[], options: RegradeOptions) => {
      if (options.json !== undefined && runs.length > 1)
        throw new InvalidArgumentError('--json takes the result of one run.');
      for (const run of runs) await regradeOne(context, run, options);
    });
}

async function regradeOne({ engine, signal }: CommandContext, run: string, options: RegradeOptions): Promise<void> {
  const source = locationOf(run, options.runs);
  const before = await engine.readEvaluate(source);
  const { rules, graderScope, verdicts, json } = options;
  const request = {
    ...regradeRequest(before, source, {
      grader: graderOf(options),
      graderScope,
      rules,
      verdicts: verdicts === undefined ? undefined : path.resolve(verdicts),
    }),
    runsFolder: source.runsFolder,
  };
  const result = await withProgress((progress) => engine.evaluate(request, { signal, progress }), definition.unit);
  if (json !== undefined) await writeOutput(json, `${JSON.stringify(result)}\n`);
  if (json === '-') return;
  const texts = await definition.report();
  await print(texts.report(result, {}));
  if (options.changed === true) await print(`${changedTable(result)}\n`);
  note(`The run ${source.runId} is as it was; this one is ${result.provenance.runId}.`);
}

/** A folder of a run says where the other runs are. */
function locationOf(run: string, runsFolder: string): RunLocation {
  if (isRunId(run)) return { runsFolder: path.resolve(runsFolder), runId: run };
  const folder = path.resolve(run.replace(/[\\/]result\.json$/, ''));
  const runId = path.basename(folder);
  if (!isRunId(runId) || path.basename(path.dirname(folder)) !== 'runs')
    throw new InvalidArgumentError(`${run} is neither the id of a run nor its folder, …/runs/ID.`);
  return { runsFolder: path.dirname(path.dirname(folder)), runId };
}

function graderOf({ grader, graderModel, graderKey }: RegradeOptions) {
  if ((grader === undefined) !== (graderModel === undefined))
    throw new FrankensteinError('bad-request', '--grader and --grader-model go together.');
  if (grader === undefined || graderModel === undefined) return undefined;
  return { kind: 'endpoint' as const, url: grader, model: graderModel, keyVariable: graderKey };
}

/** Characters of an answer that a row shows: its end, where the answer is. */
const SHOWN = 60;

function changedTable({ questions, checkpoints }: EvaluateResult): string {
  const rows = questions.flatMap((question) =>
    (question.changed ?? []).map((mark) => {
      const [setting, checkpoint, number = '0'] = mark.split('/') as [Setting, string, string?];
      const [own, at] = [Number(checkpoint), Number(number)];
      const text = textsOf(question, setting)[own]![at]!;
      const right = rightOf(question, setting)[own]![at]!;
      return [
        question.id,
        setting,
        checkpoints[own]!.label,
        right ? 'wrong → right' : 'right → wrong',
        question.truth,
        text.replace(/\s+/g, ' ').trim().slice(-SHOWN),
      ];
    }),
  );
  if (rows.length === 0) return 'No verdict changed.';
  const header = ['question', 'setting', 'checkpoint', 'verdict', 'truth', 'answer'];
  return table([header, ...rows], [false, false, false, false, false, false]);
}
