/** `frankenstein report`: what was found, as a document to hand on. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { isRunId } from '../engine/runs/store.js';
import type { ReportApi } from '../protocol/report.js';
import { print, withProgress } from './terminal.js';

interface ReportOptions {
  out: string;
  title?: string;
  paper?: string;
  force?: boolean;
  runs: string;
}

export function reportCommand({ engine, signal }: { engine: ReportApi; signal: AbortSignal }): Command {
  return new Command('report')
    .description(
      'Write a report of finished runs: one HTML file with findings, figures, tables, protocol and provenance; the ' +
        'figures as SVG and PDF, the tables as LaTeX, Markdown and CSV',
    )
    .argument('<runs...>', 'ids of runs, folders of runs, files of results, or an experiment (.experiment.yaml)')
    .requiredOption('--out <folder>', 'the folder to write')
    .option('--title <text>', 'title of the report (default: by what it holds)')
    .option('--paper <file>', 'published numbers to stand beside: CSV or YAML with checkpoint, measure, value, n')
    .option('--force', 'replace an earlier report in that folder')
    .option('--runs <folder>', 'where runs are kept', '.frankenstein')
    .action(async (given: string[], { out, title, paper, force, runs }: ReportOptions) => {
      const { file, files, figures, tables } = await withProgress(
        (progress) =>
          engine.createReport(
            {
              sources: given.map(located),
              runsFolder: path.resolve(runs),
              out: path.resolve(out),
              title,
              paper: paper && path.resolve(paper),
              force,
            },
            { signal, progress },
          ),
        'figures',
      );
      await print(`${file}: ${figures} figures, ${tables} tables, ${files.length} files in all.\n`);
    });
}

/** The id of a run stays an id, where it is no file. */
function located(source: string): string {
  return isRunId(source) && !existsSync(source) ? source : path.resolve(source);
}
