/** The analyses by name, and the types of their requests, plans and results. */
import type * as v from 'valibot';
import { FrankensteinError } from '../errors.js';
import type { AnyDefinition } from './declare/definition.js';
import { registry } from './registry.js';

type Registry = typeof registry;
export type AnalysisName = keyof Registry;

type EngineOf<N extends AnalysisName> = Awaited<ReturnType<Registry[N]['analysis']>>;
export type RequestOf<N extends AnalysisName> = v.InferInput<Registry[N]['request']>;
export type PlanOf<N extends AnalysisName> = Awaited<ReturnType<EngineOf<N>['plan']>>;
export type ResultOf<N extends AnalysisName> = v.InferOutput<Registry[N]['result']>;
export type ContextOf<N extends AnalysisName> = NonNullable<Parameters<EngineOf<N>['run']>[2]>;

export const ANALYSES: readonly AnyDefinition[] = Object.values(registry);

/** The analysis of this name. @throws `bad-request` where there is none */
export function analysisOf(name: string): AnyDefinition {
  const found = ANALYSES.find((one) => one.name === name);
  if (found === undefined) throw new FrankensteinError('bad-request', `There is no analysis ${name}.`);
  return found;
}

/** The analysis that a run of this kind is of. */
export function analysisOfRun(kind: string): AnyDefinition | undefined {
  return ANALYSES.find(({ runKinds }) => runKinds.includes(kind));
}

/** A run on disk. */
export interface RunLocation {
  runsFolder: string;
  runId: string;
}

/** The engine's calls for every analysis: `compare`, `planCompare`, `readCompare`. */
export type AnalysisCalls = {
  /** Continues a run that was interrupted, and returns at once for one that is finished. */
  [N in AnalysisName]: (request: RequestOf<N>, context?: ContextOf<N>) => Promise<ResultOf<N>>;
} & {
  [N in AnalysisName as `plan${Capitalize<N>}`]: (request: RequestOf<N>, context?: ContextOf<N>) => Promise<PlanOf<N>>;
} & {
  /** The result of a finished run. */
  [N in AnalysisName as `read${Capitalize<N>}`]: (location: RunLocation) => Promise<ResultOf<N>>;
};
