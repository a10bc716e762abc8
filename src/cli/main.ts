#!/usr/bin/env node
/** `frankenstein`: the engine without an editor. Results on stdout, progress and errors on stderr. */
import { Command } from 'commander';
import { ENGINE_VERSION } from '../engine/version.js';
import { analysisCommands } from './analysisCommand.js';
import { engineOfCommand } from './engine.js';
import { EXIT_CODES_HELP, EXIT_USAGE, exitCodeOf, SIGNALS } from './exit.js';
import { freezeCommand } from './freeze.js';
import { generateCommand } from './generate.js';
import { inspectCommand } from './inspect.js';
import { mergeCommand } from './merge.js';
import { regradeCommand } from './regrade.js';
import { reportCommand } from './report.js';
import { runCommand } from './run.js';
import { showError } from './terminal.js';
import { trainingCommand } from './training.js';

async function main(): Promise<number> {
  const { engine, dispose } = engineOfCommand();
  const interrupt = new AbortController();
  let interrupted: number | undefined;
  for (const [signal, code] of Object.entries(SIGNALS))
    process.on(signal, () => {
      if (interrupt.signal.aborted) process.exit(code); // pressed twice
      interrupted = code;
      interrupt.abort();
    });
  const context = { engine, signal: interrupt.signal };
  const program = new Command('frankenstein')
    .description('Takes post-trained vision-language models apart: what did training change, and where?')
    .version(ENGINE_VERSION)
    .addHelpText('after', `\n${EXIT_CODES_HELP}`)
    .showHelpAfterError('(run with --help for the options)')
    .exitOverride();
  // Usage errors of a command end as those of the program do.
  for (const command of [
    ...analysisCommands(context, 'lineages'),
    inspectCommand(context),
    generateCommand(context),
    ...analysisCommands(context, 'models'),
    regradeCommand(context),
    mergeCommand(context),
    freezeCommand(context),
    runCommand(context),
    reportCommand(context),
    trainingCommand(context),
  ]) {
    program.addCommand(command.copyInheritedSettings(program));
    for (const part of command.commands) part.copyInheritedSettings(program);
  }
  try {
    await program.parseAsync();
    return 0;
  } catch (error) {
    // Commander has already printed its own usage errors (and help, which is code 0).
    if (isCommanderError(error)) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    showError(error);
    const code = exitCodeOf(error);
    return code === SIGNALS.SIGINT ? (interrupted ?? code) : code;
  } finally {
    dispose();
  }
}

function isCommanderError(error: unknown): error is Error & { exitCode: number } {
  return error instanceof Error && 'exitCode' in error && error.name === 'CommanderError';
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    showError(error);
    process.exitCode = 1;
  },
);
