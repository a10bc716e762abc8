/** `frankenstein training`: what trainers log, once or again and again. */
import { Command } from 'commander';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { TrainingReading } from '../engine/training/result.js';
import { trainingCsv, trainingReport } from '../engine/training/report.js';
import { throwIfCancelled } from '../engine/errors.js';
import type { CommandContext } from './options.js';
import { writeOutput } from './output.js';
import { print } from './terminal.js';

/** Between two looks, in milliseconds. */
const PAUSE = 2000;

interface Options {
  json?: string;
  csv?: string;
  watch?: boolean;
}

export function trainingCommand({ engine, signal }: CommandContext): Command {
  return new Command('training')
    .description(
      'Show what trainers logged: the last values of every run below the folders, and what was read from where',
    )
    .argument('<folder...>', "a run's folder, an experiment's, or one log")
    .option('--json <file>', 'write every series of every run as JSON; - for stdout')
    .option('--csv <file>', 'write a row per run, series and step; - for stdout')
    .option('--watch', 'go on until interrupted, and show or write it again whenever something new was logged')
    .action(async (given: string[], options: Options) => {
      const folders = given.map((folder) => path.resolve(folder));
      let since: string | undefined;
      do {
        const reading = await engine.readTraining({ folders, since }, { signal });
        if (reading !== null) await show(reading, options, since !== undefined);
        since = reading?.version ?? since;
        if (options.watch === true) await delay(PAUSE, undefined, { signal }).catch(() => undefined);
        throwIfCancelled(signal);
      } while (options.watch === true);
    });
}

async function show(reading: TrainingReading, { json, csv }: Options, again: boolean): Promise<void> {
  if (json !== undefined) await writeOutput(json, `${JSON.stringify(reading)}\n`);
  if (csv !== undefined) await writeOutput(csv, trainingCsv(reading));
  if (json !== '-' && csv !== '-') await print(`${again ? '\n' : ''}${trainingReport(reading)}`);
}
