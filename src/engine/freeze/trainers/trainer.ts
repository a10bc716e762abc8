/**
 * What a trainer is to a plan: the files of a run, the lines of its data, where its result lies. A trainer is a file.
 */
import type { Question } from '../../datasets/question.js';
import type { FreezePlan, PlannedRun } from '../plan.js';
import freezing from '../python/freezing.py';

/** A question with its images as paths from the experiment's folder. */
export type TrainingQuestion = Omit<Question, 'images' | 'description'> & { images: readonly string[] };

export interface Trainer {
  title: string;
  /** For `requirements.txt`: pinned. */
  requirements: (plan: FreezePlan) => string[];
  /** Steps that pip cannot do, as shell commands with a word why; empty for most. */
  setup: readonly string[];
  needsCuda: boolean;
  /** How it spreads over GPUs and machines: a sentence for the README. */
  scaling: string;
  /** A line of `data/train.jsonl`. */
  row: (question: TrainingQuestion, index: number, system: string | undefined) => object;
  /**
   * Files of the run's folder, by name; `launch.sh` is what is started, from the experiment's folder.
   * `place`: IN, from that folder where it lies beside it, so that both may be moved; else absolute.
   */
  files: (run: PlannedRun, plan: FreezePlan, place: string) => Record<string, string>;
  /** Folder of checkpoints, and how each is called; for continuing and for trajectories. */
  checkpoints: { folder: string; pattern: RegExp };
}

/** Folder of the finished result, below the run's, whatever the trainer. */
export const RESULT = 'result';

/** A Python file from its template: constants in place of the first marker, the freezing functions of the second. */
export function pythonFile(template: string, title: string, constants: Readonly<Record<string, unknown>>): string {
  const settings = Object.entries(constants)
    .map(([name, value]) => `${name} = ${python(value)}`)
    .join('\n');
  return `"""${title}"""\n\n${template
    .replace('# --- settings ---', () => settings)
    .replace('# --- freezing ---', () => freezing.trim())}`;
}

/** What the freezing functions read. */
export function freezingConstants(run: PlannedRun): Record<string, unknown> {
  return {
    FROZEN: run.frozenPatterns,
    FROZEN_PARAMETERS: run.frozen.parameters,
    TRAINED_PARAMETERS: run.adapters?.parameters ?? run.trains.parameters,
    ADAPTERS: run.adapters?.pattern ?? null,
  };
}

/** A literal; patterns as raw strings, as people write them. */
export function python(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`;
  if (typeof value !== 'string') return JSON.stringify(value);
  return value.includes('\\') && !/["\n\r]|\\$/.test(value) ? `r"${value}"` : JSON.stringify(value);
}

/** For a POSIX shell. */
export function quotedForShell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The variable that names IN's folder; scripts read it, and whoever runs them may set it. */
export const MODEL_VARIABLE = 'FREEZE_MODEL';

/**
 * `launch.sh`: stops at the first error, and works from the experiment's folder, from which all paths count. IN is
 * absolute from there on, since workers may run elsewhere.
 */
export function launcher(lines: readonly string[], place: string): string {
  return `#!/usr/bin/env bash
set -euo pipefail
RUN="$(cd "$(dirname "\${BASH_SOURCE[0]}")" && pwd)"
cd "$RUN/../.."
PYTHON="\${PYTHON:-$([ -x .venv/bin/python ] && echo .venv/bin/python || echo python3)}"
IN=${quotedForShell(place)}
${MODEL_VARIABLE}="\${${MODEL_VARIABLE}:-$IN}"
if [ ! -d "$${MODEL_VARIABLE}" ]; then
  echo "freeze: IN is not in $${MODEL_VARIABLE}: name its folder in ${MODEL_VARIABLE}." >&2
  exit 1
fi
${MODEL_VARIABLE}="$(cd "$${MODEL_VARIABLE}" && pwd)"
export ${MODEL_VARIABLE}

${lines.join('\n')}
`;
}

/**
 * For a trainer whose log begins anew at every start: what a run that was stopped had logged goes to `runs/NAME/logs`
 * first, where a reading of the run finds it too. @param file below the run's folder
 */
export function keepLog(file: string): string[] {
  const [folder, name] = [file.slice(0, file.lastIndexOf('/')), file.slice(file.lastIndexOf('/') + 1)];
  return [
    `mkdir -p "$RUN/${folder}"`,
    `if [ -s "$RUN/${file}" ]; then`,
    '  mkdir -p "$RUN/logs"',
    `  { cat "$RUN/${file}"; echo; } >> "$RUN/logs/${name}"`,
    `  rm "$RUN/${file}"`,
    'fi',
  ];
}

/** Says that the result is whole; written last. */
export const FINISHED = `echo '{}' > "$RUN/${RESULT}/finished.json"`;

/** One pattern of several. */
export function union(patterns: readonly string[]): string {
  return patterns.length === 1 ? patterns[0]! : patterns.map((pattern) => `(?:${pattern})`).join('|');
}

/** Messages as chat templates take them. `<image>` stands where the trainer puts one. */
export function messages(prompt: string, system: string | undefined): { role: string; content: string }[] {
  return [...(system === undefined ? [] : [{ role: 'system', content: system }]), { role: 'user', content: prompt }];
}

/** With a place for every image: in front where the prompt has none. */
export function withPlaces({ prompt, images }: TrainingQuestion): string {
  return prompt.includes('<image>') ? prompt : `${'<image>'.repeat(images.length)}${prompt}`;
}

/** What the rewards judge by. */
export function truthOf({ answer, answerType, choices, precision }: TrainingQuestion): Record<string, unknown> {
  return { answer, answer_type: answerType, choices: choices ?? [], precision: precision ?? null };
}
