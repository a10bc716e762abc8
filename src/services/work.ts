/**
 * What can be queued, and what each has in common: an analysis and one or several requests of it. Whoever does not show
 * a result asks here, and nowhere else, what kind of work something is.
 */
import { analysisOf } from '../engine/analyses/analyses.js';
import type { AnyDefinition } from '../engine/analyses/declare/definition.js';
import { answersOf } from '../engine/analyses/evaluate/answersOf.js';
import { notesOf } from '../engine/analyses/declare/field.js';
import { keyOfRequest } from '../engine/analyses/declare/request.js';
import type { GenericSchema, ObjectEntries } from 'valibot';
import type { RunLocation } from '../protocol/engineApi.js';
import type {
  AnalysisPanelRequest,
  ComparePanelRequest,
  EvaluatePanelRequest,
  ProbePanelRequest,
  SpectrumJobRequest,
} from '../protocol/hostApi.js';
import { checkpointOf, labelOf } from './checkpointPath.js';
import { titleText } from './titles.js';

export type JobRequest =
  ComparePanelRequest | ProbePanelRequest | EvaluatePanelRequest | SpectrumJobRequest | AnalysisPanelRequest;

/** An analysis, and what it is asked. */
export interface Work {
  analysis: AnyDefinition;
  requests: readonly Question[];
}

/** A request of an analysis, without the settings of the machine. */
export type Question = object & { readonly kind?: string | undefined };

type Checkpoint = Readonly<{ path: string; label?: string | undefined; recipe?: string | undefined; role?: unknown }>;

export function workOf(request: JobRequest): Work {
  switch (request.kind) {
    case 'compare':
      return { analysis: analysisOf('compare'), requests: [comparisonOf(request)] };
    case 'spectrum': {
      const { kind, ...own } = request;
      return { analysis: analysisOf(kind), requests: [own] };
    }
    case 'probe':
      return { analysis: analysisOf('probe'), requests: request.probes };
    case 'evaluate':
      return { analysis: analysisOf('evaluate'), requests: [request.evaluation] };
    case 'analysis':
      return { analysis: analysisOf(request.analysis), requests: [request.request] };
  }
}

function comparisonOf({ stages, cuts }: ComparePanelRequest): object {
  return { stages, cuts };
}

/** The request that a panel or the queue is given for a question. @param place where its result lies */
export function jobRequestOf(
  { name }: Pick<AnyDefinition, 'name'>,
  question: Question,
  location?: RunLocation,
): JobRequest {
  switch (name) {
    case 'compare':
      return { ...(question as Omit<ComparePanelRequest, 'kind'>), kind: 'compare' };
    case 'spectrum':
      return { ...(question as Omit<SpectrumJobRequest, 'kind'>), kind: 'spectrum' };
    case 'probe':
      return {
        kind: 'probe',
        probes: [question as ProbePanelRequest['probes'][number]],
        ...(location && { runs: [location] }),
      };
    case 'evaluate':
      return {
        kind: 'evaluate',
        evaluation: question as EvaluatePanelRequest['evaluation'],
        ...(location && { run: location }),
      };
    default:
      return { kind: 'analysis', analysis: name, request: question, ...(location && { run: location }) };
  }
}

/** Under which two requests are the same. Labels and cuts are ways to look at the answer. */
export function keyOf(request: JobRequest): string {
  const { analysis, requests } = workOf(request);
  return JSON.stringify([analysis.name, ...requests.map((one) => keyOfRequest(analysis.request, one, checkpointOf))]);
}

/** The checkpoints that a question names. */
export function namedIn({ request: schema }: AnyDefinition, question: Question): readonly Checkpoint[] {
  const { entries } = schema as unknown as { entries: ObjectEntries };
  const key = Object.keys(entries).find((one) => notesOf(entries[one] as GenericSchema).noun !== undefined);
  return (question as Record<string, readonly Checkpoint[] | undefined>)[key ?? ''] ?? [];
}

/** Of several requests, each once; in order. */
export function checkpointsOf(request: JobRequest): Checkpoint[] {
  const { analysis, requests } = workOf(request);
  const all = requests.flatMap((one) => namedIn(analysis, one));
  return requests.length === 1
    ? all
    : all.filter(({ path }, index) => all.findIndex((other) => other.path === path) === index);
}

/** As runs are called. A comparison's panel and tab have its checkpoints alone for a title: there it is the default. */
export function titleOf(request: JobRequest): string {
  const { analysis, requests } = workOf(request);
  const checkpoints = checkpointsOf(request);
  // Stitches are many, and made of the others, which give the name.
  const own = checkpoints.filter(({ role }) => role !== 'hybrid');
  return titleText(
    requests.map(({ kind }) => kind ?? analysis.name),
    (own.length > 0 ? own : checkpoints).map(({ path, label }) => label ?? labelOf(path)),
    request.kind === 'evaluate' ? answersOf(request.evaluation) : undefined,
  );
}

/** The kind that its run on disk has. */
export function runKindOf(request: JobRequest): string {
  const { analysis, requests } = workOf(request);
  const kind = requests[0]?.kind;
  return kind !== undefined && analysis.runKinds.includes(kind) ? kind : analysis.name;
}

/** The name of the engine's call that plans it, or that reads its result. */
export function callOf({ name }: AnyDefinition, prefix: 'plan' | 'read'): string {
  return prefix + name[0]!.toUpperCase() + name.slice(1);
}
