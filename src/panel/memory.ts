/** Reads back what the webview kept with `setState`. It survives versions of the extension, so it is checked. */
import type { LanguageModelRequest } from '../protocol/engineApi.js';
import { ownLabels } from '../services/titles.js';
import type {
  EvaluatePanelRequest,
  EvaluationQuestion,
  PanelMemory,
  PanelRequest,
  ProbePanelRequest,
  ProbeQuestion,
  TryPanelRequest,
} from '../protocol/hostApi.js';

export function parseMemory(state: unknown): PanelMemory | undefined {
  if (!isRecord(state)) return undefined;
  const view = isRecord(state['view']) ? state['view'] : {};
  return { request: parseRequest(state['request']) ?? null, view };
}

function parseRequest(value: unknown): PanelRequest | undefined {
  if (!isRecord(value)) return undefined;
  if (value['kind'] === 'probe') return parseProbe(value);
  if (value['kind'] === 'evaluate') return parseEvaluation(value);
  if (value['kind'] === 'try') return parseTry(value);
  if (value['kind'] !== 'compare') return undefined;
  const stages = parseStages(value['stages']);
  if (stages === undefined || stages.length < 2) return undefined;
  const { cuts, spectrum } = value;
  const shown =
    isRecord(spectrum) && typeof spectrum['runsFolder'] === 'string' && typeof spectrum['runId'] === 'string'
      ? { spectrum: { runsFolder: spectrum['runsFolder'], runId: spectrum['runId'] } }
      : {};
  // Earlier versions remembered roles in the place of names.
  const labels = ownLabels(
    stages.map(({ label }) => label ?? ''),
    stages.map(({ path }) => path),
  );
  const named = stages.map(({ path, label }, index) => ({
    path,
    ...(label !== undefined && { label: labels[index]! }),
  }));
  return { kind: 'compare', stages: named, ...(isCuts(cuts) && { cuts }), ...shown };
}

function parseStages(value: unknown): { path: string; label?: string }[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const stages = value.flatMap((stage: unknown) => {
    if (!isRecord(stage) || typeof stage['path'] !== 'string') return [];
    return [
      typeof stage['label'] === 'string' ? { path: stage['path'], label: stage['label'] } : { path: stage['path'] },
    ];
  });
  return stages.length === value.length && stages.length > 0 ? stages : undefined;
}

function parseProbe(value: Record<string, unknown>): ProbePanelRequest | undefined {
  if (!Array.isArray(value['probes']) || value['probes'].length === 0) return undefined;
  const probes = value['probes'].flatMap((probe: unknown) => parseQuestion(probe) ?? []);
  if (probes.length !== value['probes'].length) return undefined;
  const runs = Array.isArray(value['runs'])
    ? value['runs'].flatMap((run: unknown) =>
        isRecord(run) && typeof run['runsFolder'] === 'string' && typeof run['runId'] === 'string'
          ? [{ runsFolder: run['runsFolder'], runId: run['runId'] }]
          : [],
      )
    : [];
  return { kind: 'probe', probes, ...(runs.length === probes.length && { runs }) };
}

/** The engine checks what the fields say; here they are of the right kind or gone. */
function parseQuestion(value: unknown): ProbeQuestion | undefined {
  if (!isRecord(value) || typeof value['data'] !== 'string') return undefined;
  const checkpoints = parseStages(value['checkpoints']);
  const kind = (['swap', 'skip', 'attention'] as const).find((one) => one === value['kind']);
  if (checkpoints === undefined || kind === undefined) return undefined;
  const number = (key: string) =>
    typeof value[key] === 'number' && Number.isInteger(value[key]) ? { [key]: value[key] } : {};
  const one = (key: string, allowed: readonly string[]) =>
    allowed.includes(String(value[key])) ? { [key]: value[key] } : {};
  const depths =
    Array.isArray(value['depths']) && value['depths'].every((depth) => Number.isInteger(depth))
      ? { depths: value['depths'] as number[] }
      : {};
  const tasks =
    Array.isArray(value['tasks']) && value['tasks'].every((task) => typeof task === 'string')
      ? { tasks: value['tasks'] }
      : {};
  return {
    kind,
    checkpoints,
    data: value['data'],
    ...depths,
    ...one('mode', ['from', 'only']),
    ...one('part', ['layer', 'attention', 'mlp']),
    ...tasks,
    ...number('samples'),
    ...number('seed'),
    ...number('maxNewTokens'),
    ...(isCuts(value['cuts']) && { cuts: value['cuts'] }),
    ...one('badLines', ['stop', 'skip']),
  };
}

function parseEvaluation(value: Record<string, unknown>): EvaluatePanelRequest | undefined {
  const evaluation = parseEvaluationQuestion(value['evaluation']);
  const run = value['run'];
  return (
    evaluation && {
      kind: 'evaluate',
      evaluation,
      ...(isRecord(run) &&
        typeof run['runsFolder'] === 'string' &&
        typeof run['runId'] === 'string' && { run: { runsFolder: run['runsFolder'], runId: run['runId'] } }),
    }
  );
}

/** Only fields that are known come through: a key that an earlier version kept does not. */
export function parseEvaluationQuestion(asked: unknown): EvaluationQuestion | undefined {
  if (!isRecord(asked) || typeof asked['data'] !== 'string') return undefined;
  const stages = parseStages(asked['checkpoints']);
  if (stages === undefined) return undefined;
  const given = asked['checkpoints'] as Record<string, unknown>[];
  const checkpoints = stages.map((stage, index) => {
    const { role, recipe } = given[index]!;
    const known = (['base', 'in', 'rl', 'hybrid'] as const).find((one) => one === role);
    return { ...stage, ...(known && { role: known }), ...(typeof recipe === 'string' && { recipe }) };
  });
  const number = (key: string) =>
    typeof asked[key] === 'number' && Number.isInteger(asked[key]) ? { [key]: asked[key] } : {};
  const one = (key: string, allowed: readonly string[]) =>
    allowed.includes(String(asked[key])) ? { [key]: asked[key] } : {};
  const axis = asked['axis'];
  const values =
    isRecord(axis) &&
    Array.isArray(axis['values']) &&
    axis['values'].length === checkpoints.length &&
    axis['values'].every((at) => at === null || typeof at === 'number')
      ? (axis['values'] as (number | null)[])
      : undefined;
  const name = isRecord(axis) ? (['cut', 'alpha'] as const).find((own) => own === axis['name']) : undefined;
  const [grader, describer] = [parseLanguageModel(asked['grader']), parseLanguageModel(asked['describer'])];
  return {
    checkpoints,
    data: asked['data'],
    ...number('samples'),
    ...number('seed'),
    ...number('maxNewTokens'),
    ...one('kind', ['evaluate', 'transfer', 'sweep']),
    ...one('badLines', ['stop', 'skip']),
    ...(values && name && { axis: { name, values } }),
    ...(grader && { grader }),
    ...(describer && { describer }),
  };
}

function parseLanguageModel(value: unknown): LanguageModelRequest | undefined {
  if (!isRecord(value) || typeof value['model'] !== 'string') return undefined;
  const { kind, url, model } = value;
  if (kind === 'editor') return { kind, model };
  return kind === 'endpoint' && typeof url === 'string' ? { kind, url, model } : undefined;
}

function parseTry(value: Record<string, unknown>): TryPanelRequest | undefined {
  const checkpoints = parseStages(value['checkpoints']);
  if (checkpoints === undefined || checkpoints.length > 2) return undefined;
  return { kind: 'try', checkpoints: checkpoints.map(({ path, label }) => ({ path, label: label ?? path })) };
}

function isCuts(value: unknown): value is [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every((cut) => Number.isInteger(cut) && cut >= 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
