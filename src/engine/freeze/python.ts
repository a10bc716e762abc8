/** The Python that an experiment is trained with: which one, what it lacks, and the one command that mends it. */
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { said, shown } from '../checkpoint/failure.js';
import { FrankensteinError } from '../errors.js';
import type { Experiment } from './experiment.js';
import { quotedForShell } from './trainers/trainer.js';
import { TRAINER_LIST } from './trainers/list.js';

const execute = promisify(execFile);

/** The oldest that all trainers run on. */
const LEAST: readonly [number, number] = [3, 10];

export interface PythonState {
  /** What is run. */
  python: string;
  version: string;
  /** Packages that are not there, or of another version than is pinned. */
  lacking: { name: string; wanted: string | null; found: string | null }[];
  /** Null where nobody looked: packages are missing, or a processor is enough. */
  cuda: boolean | null;
  /** Installs what is missing into a virtual environment beside the plan. */
  install: string;
}

const Facts = v.object({
  version: v.tuple([v.number(), v.number(), v.number()]),
  packages: v.record(v.string(), v.nullable(v.string())),
});

const LOOK = `
import json, sys
from importlib import metadata
def version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
print(json.dumps({"version": list(sys.version_info[:3]), "packages": {name: version(name) for name in sys.argv[1:]}}))
`;

/** The interpreter of a virtual environment. */
export function pythonOf(environment: string): string {
  return process.platform === 'win32'
    ? path.join(environment, 'Scripts', 'python.exe')
    : path.join(environment, 'bin', 'python');
}

/** Where an experiment keeps its own packages. */
export function environmentOf({ folder }: Pick<Experiment, 'folder'>): string {
  return path.join(folder, '.venv');
}

/**
 * @param given the interpreter to use; otherwise the environment beside the plan, the active one, or the first on the
 * path.
 * @throws `not-found` where there is no Python, `unsupported` for one that is too old
 */
export async function lookAtPython(
  experiment: Experiment,
  given: string | undefined,
  signal?: AbortSignal,
): Promise<PythonState> {
  const requirements = requirementsOf(experiment);
  const names = requirements.map(({ name }) => name);
  const candidates = given === undefined ? await usual(experiment) : [given];
  for (const python of candidates) {
    const facts = await factsOf(python, names, signal);
    if (facts === undefined) continue;
    const [major, minor] = facts.version;
    if (major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1])) {
      if (given === undefined) continue;
      throw new FrankensteinError(
        'unsupported',
        `${shown(python)} is Python ${facts.version.join('.')}; training needs ${LEAST.join('.')} or newer.`,
      );
    }
    const lacking = requirements.flatMap(({ name, wanted }) => {
      const found = facts.packages[name] ?? null;
      return found === null || (wanted !== null && found !== wanted) ? [{ name, wanted, found }] : [];
    });
    const { settings } = experiment.plan;
    const isNeeded = settings.device === 'cuda' || TRAINER_LIST[settings.trainer].needsCuda;
    return {
      python,
      version: facts.version.join('.'),
      lacking,
      cuda: lacking.length > 0 || !isNeeded ? null : await hasCuda(python, signal),
      install: installCommand(experiment, python),
    };
  }
  throw new FrankensteinError(
    'not-found',
    given === undefined
      ? `There is no Python ${LEAST.join('.')} or newer here: install one, or name it with --python.`
      : `${shown(given)} is no Python that can be run.`,
  );
}

/** The one command, for a shell. */
function installCommand(experiment: Experiment, python: string): string {
  return installSteps(experiment, python)
    .map((step) => step.map(quotedForShell).join(' '))
    .concat(
      TRAINER_LIST[experiment.plan.settings.trainer].setup.map(
        (step) => `cd ${quotedForShell(experiment.folder)} && ${step}`,
      ),
    )
    .join(' && ');
}

/** Programs with their arguments, in order. */
export function installSteps(experiment: Experiment, python: string): string[][] {
  const environment = environmentOf(experiment);
  const own = pythonOf(environment);
  return [
    ...(python === own ? [] : [[python, '-m', 'venv', environment]]),
    [own, '-m', 'pip', 'install', '-r', path.join(experiment.folder, 'requirements.txt')],
  ];
}

/** Names and pinned versions; extras are pip's business. */
function requirementsOf({ plan }: Experiment): { name: string; wanted: string | null }[] {
  return TRAINER_LIST[plan.settings.trainer].requirements(plan).map((line) => {
    const [, name = line, wanted = null] = /^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?(?:==(\S+))?$/.exec(line) ?? [];
    return { name, wanted };
  });
}

async function usual(experiment: Experiment): Promise<string[]> {
  const own = pythonOf(environmentOf(experiment));
  const active = process.env['VIRTUAL_ENV'];
  const beside = await access(own).then(
    () => [own],
    () => [],
  );
  return [...beside, ...(active === undefined ? [] : [pythonOf(active)]), 'python3', 'python'];
}

async function factsOf(python: string, names: readonly string[], signal: AbortSignal | undefined) {
  try {
    const { stdout } = await execute(python, ['-c', LOOK, ...names], { ...(signal && { signal }) });
    return v.parse(Facts, JSON.parse(stdout));
  } catch (error) {
    if (signal?.aborted) throw new FrankensteinError('cancelled', 'Cancelled.', { cause: error });
    return undefined;
  }
}

async function hasCuda(python: string, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    const { stdout } = await execute(python, ['-c', 'import torch; print(torch.cuda.is_available())'], {
      ...(signal && { signal }),
    });
    return stdout.trim() === 'True';
  } catch (error) {
    if (signal?.aborted) throw new FrankensteinError('cancelled', 'Cancelled.', { cause: error });
    throw new FrankensteinError('unsupported', `${shown(python)} cannot load torch: ${said(lastLine(error))}`, {
      cause: error,
    });
  }
}

function lastLine(error: unknown): string {
  const { stderr } = error as { stderr?: string };
  return stderr?.trim().split('\n').at(-1) ?? String(error);
}
