/**
 * The commands of the analyses. Their options, help, request, plan, progress and output all come from the definitions:
 * a field of a request is an option here without another line.
 */
import path from 'node:path';
import { Command, Option } from 'commander';
import type { GenericSchema, ObjectEntries } from 'valibot';
import { ANALYSES } from '../engine/analyses/analyses.js';
import type { AnyDefinition, CommandDeclaration, Report } from '../engine/analyses/declare/definition.js';
import { type Flag, type NamedCheckpoint, notesOf, type Options } from '../engine/analyses/declare/field.js';
import { isEndpointPath } from '../engine/checkpoint/endpointPath.js';
import type { CallContext, CountProgress, Progress } from '../engine/calls.js';
import { FrankensteinError, throwIfCancelled } from '../engine/errors.js';
import { type CommandContext, typed } from './options.js';
import { writeOutput } from './output.js';
import { note, print, showError, withProgress } from './terminal.js';

/** The calls of an analysis, by name: each request is checked by the engine. */
type Calls = Record<string, (request: object, context: CallContext<Progress & CountProgress>) => Promise<unknown>>;

/** One command per declaration, in the order of the registry. @param of those of lineages, or of models that run */
export function analysisCommands(context: CommandContext, of: 'lineages' | 'models'): Command[] {
  return ANALYSES.filter(({ joint }) => (joint === ' → ') === (of === 'lineages')).flatMap((definition) => {
    const groups = new Map<string, Command>();
    return definition.commands.flatMap((declaration) => {
      const [name, below] = declaration.name.split(' ') as [string, string | undefined];
      const command = commandOf(context, definition, declaration, below ?? name);
      if (below === undefined) return [command];
      const known = groups.get(name);
      const group = known ?? new Command(name).description(definition.groups![name]!);
      groups.set(name, group.addCommand(command));
      return known === undefined ? [group] : [];
    });
  });
}

function commandOf(
  context: CommandContext,
  definition: AnyDefinition,
  declaration: CommandDeclaration,
  name: string,
): Command {
  const command = new Command(name).description(declaration.description);
  for (const { syntax, help } of declaration.arguments) command.argument(syntax, help);
  const entries = fieldsOf(definition, declaration, name);
  // The options of the result stand before those of the machine.
  const own = Object.entries(entries);
  const memory = own.findIndex(([key]) => key === 'memory');
  const machine = memory < 0 ? own.length : memory;
  for (const entry of own.slice(0, machine)) addField(command, name, entry[1]);
  for (const flag of definition.watch?.flags ?? []) command.addOption(watchOption(flag));
  addOutput(command, definition);
  for (const entry of own.slice(machine)) addField(command, name, entry[1]);
  return command.action(async () => {
    const options = command.opts<Options>();
    const paths = command.processedArgs.flat().filter((location): location is string => typeof location === 'string');
    const request = await requestOf(context, declaration, entries, paths, options);
    await run(context, definition, request, options);
  });
}

/** The entries of the request that this command has options for, and the command's own. */
function fieldsOf(definition: AnyDefinition, { more = {} }: CommandDeclaration, name: string): ObjectEntries {
  return { ...Object.fromEntries(entriesFor(definition, name)), ...more };
}

function entriesFor({ request }: AnyDefinition, name: string): [string, ObjectEntries[string]][] {
  const { entries } = request as unknown as { entries: ObjectEntries };
  return Object.entries(entries).filter(([, entry]) => (notesOf(entry).only ?? [name]).includes(name));
}

/**
 * For a command that asks an analysis and reports something of its own: the options of the request without those of its
 * checkpoints, and of the output.
 */
export function addRequestOptions(command: Command, definition: AnyDefinition): Command {
  for (const [, entry] of requestEntries(definition)) addField(command, definition.name, entry);
  addOutput(command, { tellsPlan: definition.tellsPlan });
  return command;
}

/** The request that those options say, without checkpoints. */
export function requestFrom(definition: AnyDefinition, options: Options): object {
  return Object.fromEntries(requestEntries(definition).map(([key, entry]) => [key, valueOf(entry, [], options)]));
}

function requestEntries(definition: AnyDefinition): [string, ObjectEntries[string]][] {
  return entriesFor(definition, definition.name).filter(([, entry]) => notesOf(entry).noun === undefined);
}

function addField(command: Command, name: string, entry: ObjectEntries[string]): void {
  const { flags } = notesOf(entry);
  for (const flag of flags) command.addOption(optionOf(flag, name, entry));
}

function optionOf({ syntax, help, read, default: value }: Flag, name: string, entry: GenericSchema): Option {
  const option = new Option(syntax, typeof help === 'string' ? help : help(name));
  if (entry.type !== 'optional' && notesOf(entry).noun === undefined) option.makeOptionMandatory();
  if (value !== undefined) option.default(value);
  const choices = choicesOf(entry);
  if (choices !== undefined) option.choices(choices);
  if (read !== undefined) option.argParser<unknown>(typed(read as (text: string, before: unknown) => unknown));
  return option;
}

function watchOption({ syntax, help, read }: Flag): Option {
  const option = new Option(syntax, typeof help === 'string' ? help : help(syntax));
  return read === undefined ? option : option.argParser<unknown>(typed((text: string) => read(text)));
}

/** What a field of a few words accepts. */
function choicesOf(entry: GenericSchema): string[] | undefined {
  const schema = (entry as { wrapped?: GenericSchema }).wrapped ?? entry;
  return schema.type === 'picklist' ? [...(schema as unknown as { options: string[] }).options] : undefined;
}

function addOutput(
  command: Command,
  {
    csvRow,
    reportFlags = [],
    tellsPlan,
  }: { [Key in 'csvRow' | 'reportFlags' | 'tellsPlan']?: AnyDefinition[Key] | undefined },
): void {
  command.option('--json <file>', 'write the whole result as JSON (schema 1); - for stdout');
  if (csvRow !== undefined) command.option('--csv <file>', `write one row per ${csvRow} as CSV; - for stdout`);
  for (const { syntax, help } of reportFlags) command.option(syntax, help);
  if (tellsPlan !== undefined) command.option('--plan', 'say what the run would cost, and do not run');
}

async function requestOf(
  { engine, signal }: CommandContext,
  { fixed = {}, prepare }: CommandDeclaration,
  entries: ObjectEntries,
  paths: readonly string[],
  options: Options,
): Promise<object> {
  const locations = paths.map((one) => (isEndpointPath(one) ? one : path.resolve(one)));
  const request: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(entries)) request[key] = valueOf(entry, locations, options);
  const stages = locations.map((location) => ({ path: location }));
  const prepared = prepare && (await prepare(engine, stages, request, { signal }));
  return { ...request, ...fixed, ...prepared };
}

/** What the options say of a field. */
function valueOf(entry: GenericSchema, locations: readonly string[], options: Options): unknown {
  const { flags, from, noun, each = (one: NamedCheckpoint) => one } = notesOf(entry);
  if (noun !== undefined) return checkpointsOf(flags, noun, locations, options).map(each);
  const resolved = { ...options };
  for (const flag of flags) {
    const key = keyOf(flag);
    if (flag.isPath && typeof options[key] === 'string') resolved[key] = path.resolve(options[key]);
  }
  return from === undefined ? flags[0] && resolved[keyOf(flags[0])] : from(resolved);
}

/** Commander's name of an option: `--max-new-tokens <n>` is `maxNewTokens`, and `--no-runs` is `runs`. */
function keyOf({ syntax }: Flag): string {
  return new Option(syntax).attributeName();
}

/** The checkpoints with what else is said of each, comma-separated: labels, and whatever more their schema has. */
function checkpointsOf(
  flags: readonly Flag[],
  noun: string,
  locations: readonly string[],
  options: Options,
): NamedCheckpoint[] {
  const lists = flags.map((flag) => {
    const [key, given] = [keyOf(flag), options[keyOf(flag)] as string[] | undefined];
    if (given !== undefined && given.length !== locations.length)
      throw new FrankensteinError(
        'bad-request',
        `--${key} names ${given.length} ${noun}, but ${locations.length} are given.`,
      );
    return { flag, given };
  });
  return locations.map((location, index) => ({
    path: location,
    ...Object.fromEntries(lists.map(({ flag, given }) => [keyOf(flag).replace(/s$/, ''), given?.[index]])),
  }));
}

async function run(
  { engine, signal }: CommandContext,
  definition: AnyDefinition,
  request: object,
  options: Options,
): Promise<void> {
  const { name, unit, tellsPlan, watch } = definition;
  const { json, csv, plan: planOnly } = options as { json?: string; csv?: string; plan?: boolean };
  if (json === '-' && csv === '-')
    throw new FrankensteinError('bad-request', 'Only one of --json and --csv can go to stdout.');
  const calls = engine as unknown as Calls;
  const plan = () => calls[`plan${name[0]!.toUpperCase()}${name.slice(1)}`]!(request, { signal });
  const texts = (await definition.report()) as Report<unknown, unknown>;
  if (planOnly) {
    const found = await plan();
    return print(json === '-' ? `${JSON.stringify(found)}\n` : `${texts.planSentence!(found)}\n`);
  }
  // Who watches is told before; measuring takes a few seconds, which a script need not wait for.
  if (tellsPlan === 'always' && process.stderr.isTTY) note(texts.planSentence!(await plan()));
  const once = async () => {
    const result = await withProgress((progress) => calls[name]!(request, { signal, progress }), unit);
    if (json !== undefined) await writeOutput(json, `${JSON.stringify(result)}\n`);
    if (csv !== undefined) await writeOutput(csv, texts.csv!(result));
    if (json !== '-' && csv !== '-') await print(texts.report(result, options));
  };
  if (watch === undefined) return once();
  let done = 0;
  for await (const round of watch.rounds(engine, request, options, signal, note)) {
    await once().catch((error: unknown) => {
      if (options['watch'] !== true || !watch.goesOn((error as { code?: string }).code)) throw error;
      showError(error);
    });
    done = round;
  }
  if (done === 0) throwIfCancelled(signal);
}
