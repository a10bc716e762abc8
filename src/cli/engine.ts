/** The engine of a command. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createEngineClient } from '../engineProcess/client.js';
import type * as Local from '../engineProcess/local.js';
import type { EngineApi } from '../protocol/engineApi.js';
import type { ReportApi } from '../protocol/report.js';

/**
 * It runs in its own process here too: a file cut short under a mapped read must not end as "Bus error". Calls that map
 * nothing and run no model are served in this one, which starts sooner.
 */
export function engineOfCommand(): { engine: EngineApi & ReportApi; dispose: () => void } {
  const client = createEngineClient({ entry: path.join(__dirname, 'engine.mjs') });
  const here = async () =>
    ((await import(pathToFileURL(path.join(__dirname, 'local.mjs')).href)) as typeof Local).engine;
  const served: Partial<EngineApi & ReportApi> = {
    compare: async (request, context) => (await here()).compare(request, context),
    planCompare: async (request, context) => (await here()).planCompare(request, context),
    inspect: async (request, context) => (await here()).inspect(request, context),
    checkRecipe: async (request, context) => (await here()).checkRecipe(request, context),
    mergekitFormat: async (request, context) => (await here()).mergekitFormat(request, context),
    exportMerged: async (request, context) => (await here()).exportMerged(request, context),
    planFreeze: async (request, context) => (await here()).planFreeze(request, context),
    inspectTraining: async (request, context) => (await here()).inspectTraining(request, context),
    installTraining: async (request, context) => (await here()).installTraining(request, context),
    trainRuns: async (request, context) => (await here()).trainRuns(request, context),
    reportStages: async (request, context) => (await here()).reportStages(request, context),
    freezeReport: async (request) => (await here()).freezeReport(request),
    readExperiment: async (request, context) => (await here()).readExperiment(request, context),
    readTraining: async (request, context) => (await here()).readTraining(request, context),
    createReport: async (request, context) => (await here()).createReport(request, context),
    verifyFrozen: async (request, context) => (await here()).verifyFrozen(request, context),
  };
  return {
    engine: Object.assign(Object.create(client.engine) as EngineApi & ReportApi, served),
    dispose: () => client.dispose(),
  };
}
