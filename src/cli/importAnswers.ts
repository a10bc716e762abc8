/** `frankenstein import`: answers that were given elsewhere, as an evaluation. */
import path from 'node:path';
import { Command } from 'commander';
import { typedNames } from '../engine/analyses/declare/typed.js';
import { definition } from '../engine/analyses/evaluate/definition.js';
import type { ImportFormat } from '../engine/analyses/evaluate/imports/scan.js';
import { type CommandContext, typed } from './options.js';
import { writeOutput } from './output.js';
import { print, withProgress } from './terminal.js';

interface ImportOptions {
  data?: string;
  mapping?: string;
  labels?: string[];
  roles?: string[];
  all?: boolean;
  json?: string;
  /** False for `--no-runs`. */
  runs: string | false;
}

export function importCommand(context: CommandContext): Command {
  return new Command('import')
    .description(
      'Read answers that were given elsewhere as an evaluation: abilities, intervals, paired tests, questions',
    )
    .addCommand(
      formatCommand(context, 'lmms-eval', 'What lmms-eval writes with --log_samples: MODEL/…_samples_TASK.jsonl'),
    )
    .addCommand(
      formatCommand(
        context,
        'frankenstein',
        "What the paper's evaluation scripts write: results/MODEL/EXPERIMENT/SETTING.jsonl, with their verdicts",
      ),
    );
}

function formatCommand({ engine, signal }: CommandContext, format: ImportFormat, description: string): Command {
  return new Command(format)
    .description(description)
    .argument('<file...>', 'files, or folders of them')
    .option('--data <path>', 'the question set, or a folder of sets: answers to other questions are refused')
    .option('--mapping <file>', 'YAML that says which columns of the set hold what')
    .option('--labels <names>', 'names of the models, comma-separated (default: folder names)', typed(typedNames))
    .option('--roles <roles>', 'what each is: base, in, rl, hybrid or - (default: by name)', typed(typedNames))
    .option('--all', 'list the comparisons with every reference, not only with IN')
    .option('--json <file>', 'write the whole result as JSON (schema 1); - for stdout')
    .option('--runs <folder>', 'where the run is kept', '.frankenstein')
    .option('--no-runs', 'keep nothing on disk')
    .action(async (files: string[], options: ImportOptions) => {
      const { data, mapping, labels, roles, json, runs } = options;
      const paths = files.map((file) => path.resolve(file));
      const found = await engine.findImports({ format, paths, data, labels, roles }, { signal });
      const request = {
        ...found,
        ...(mapping !== undefined && { mapping: path.resolve(mapping) }),
        runsFolder: runs === false ? undefined : path.resolve(runs),
      };
      const result = await withProgress((progress) => engine.evaluate(request, { signal, progress }), definition.unit);
      if (json !== undefined) await writeOutput(json, `${JSON.stringify(result)}\n`);
      const texts = await definition.report();
      if (json !== '-') await print(texts.report(result, { all: options.all === true }));
    });
}
