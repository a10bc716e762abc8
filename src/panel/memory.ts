/** Reads back what the webview kept with `setState`. It survives versions of the extension, so it is checked. */
import * as v from 'valibot';
import { ANALYSES } from '../engine/analyses/analyses.js';
import { compareRequest } from '../engine/analyses/compare/request.js';
import { restoreRequest } from '../engine/analyses/declare/request.js';
import { evaluateRequest } from '../engine/analyses/evaluate/request.js';
import { probeRequest } from '../engine/analyses/probe/request.js';
import type { RunLocation } from '../protocol/engineApi.js';
import type {
  AnalysisPanelRequest,
  ComparePanelRequest,
  PanelMemory,
  PanelRequest,
  ProbePanelRequest,
  TrainingPanelRequest,
  TryPanelRequest,
} from '../protocol/hostApi.js';
import { ownLabels } from '../services/titles.js';

export function parseMemory(state: unknown): PanelMemory | undefined {
  if (!isRecord(state)) return undefined;
  const view = isRecord(state['view']) ? state['view'] : {};
  return { request: parseRequest(state['request']) ?? null, view };
}

/**
 * What an earlier version kept besides (a key, perhaps) does not come through: only fields that the schemas name do.
 */
function parseRequest(value: unknown): PanelRequest | undefined {
  if (!isRecord(value)) return undefined;
  switch (value['kind']) {
    case 'compare':
      return parseCompare(value);
    case 'probe':
      return parseProbe(value);
    case 'evaluate': {
      const evaluation = restoreRequest(evaluateRequest, value['evaluation']);
      return evaluation && { kind: 'evaluate', evaluation, ...placed('run', value['run']) };
    }
    case 'analysis':
      return parseAnalysis(value);
    case 'freeze': {
      const request = v.safeParse(frozen, value);
      return request.success ? request.output : undefined;
    }
    case 'try':
      return parseTry(value);
    case 'training':
      return parseTraining(value);
    default:
      return undefined;
  }
}

function parseCompare(value: Json): ComparePanelRequest | undefined {
  const request = restoreRequest(compareRequest, value);
  if (request === undefined) return undefined;
  // Earlier versions remembered roles in the place of names.
  const labels = ownLabels(
    request.stages.map(({ label }) => label ?? ''),
    request.stages.map(({ path }) => path),
  );
  const stages = request.stages.map((stage, index) =>
    stage.label === undefined ? stage : { ...stage, label: labels[index]! },
  );
  return { kind: 'compare', ...request, stages, ...placed('spectrum', value['spectrum']) };
}

function parseProbe(value: Json): ProbePanelRequest | undefined {
  const stored: unknown[] = Array.isArray(value['probes']) ? value['probes'] : [];
  const probes = stored.flatMap((probe) => restoreRequest(probeRequest, probe) ?? []);
  if (probes.length === 0 || probes.length !== stored.length) return undefined;
  const runs = Array.isArray(value['runs']) ? value['runs'].filter(isLocation) : [];
  return { kind: 'probe', probes, ...(runs.length === probes.length && { runs }) };
}

function parseAnalysis({ analysis, request, run }: Json): AnalysisPanelRequest | undefined {
  const definition = ANALYSES.find(({ name }) => name === analysis);
  const restored = definition && restoreRequest(definition.request, request);
  return definition && isRecord(restored)
    ? { kind: 'analysis', analysis: definition.name, request: restored, ...placed('run', run) }
    : undefined;
}

/** A run under a key, where the place is one. */
function placed<Key extends string>(key: Key, location: unknown): Partial<Record<Key, RunLocation>> {
  const found = isLocation(location) ? { [key]: { runsFolder: location.runsFolder, runId: location.runId } } : {};
  return found as Partial<Record<Key, RunLocation>>;
}

function isLocation(value: unknown): value is RunLocation {
  return isRecord(value) && typeof value['runsFolder'] === 'string' && typeof value['runId'] === 'string';
}

function parseTry(value: Json): TryPanelRequest | undefined {
  const checkpoints = v.safeParse(tried, value['checkpoints']);
  if (!checkpoints.success) return undefined;
  return { kind: 'try', checkpoints: checkpoints.output.map(({ path, label }) => ({ path, label: label ?? path })) };
}

function parseTraining(value: Json): TrainingPanelRequest | undefined {
  const asked = v.safeParse(trainingRequest, value);
  return asked.success ? { kind: 'training', ...asked.output } : undefined;
}

/** Also what a command is given. */
export const trainingRequest = v.object({
  title: v.pipe(v.string(), v.maxLength(200)),
  folders: v.pipe(v.array(v.pipe(v.string(), v.minLength(1))), v.minLength(1), v.maxLength(32)),
});

const frozen = v.variant('task', [
  v.object({ kind: v.literal('freeze'), task: v.literal('verify'), experiment: v.string() }),
  v.object({ kind: v.literal('freeze'), task: v.literal('stored'), file: v.string() }),
  v.object({
    kind: v.literal('freeze'),
    task: v.literal('report'),
    experiment: v.string(),
    evaluation: v.object({
      data: v.string(),
      samples: v.optional(v.number()),
      maxNewTokens: v.optional(v.number()),
      badLines: v.optional(v.picklist(['stop', 'skip'])),
    }),
    margin: v.number(),
  }),
]);

const tried = v.pipe(
  v.array(v.object({ path: v.string(), label: v.fallback(v.optional(v.string()), undefined) })),
  v.minLength(1),
  v.maxLength(2),
);

type Json = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
