/** What this process serves: the engine, and reports of what it has stored. */
import { createEngine } from '../engine/engine.js';
import type { EngineApi, EngineHost } from '../protocol/engineApi.js';
import type { ReportApi } from '../protocol/report.js';

/** @param workerFile the bundled worker @param host what the starting process offers */
export function offered(workerFile: string, host?: EngineHost): EngineApi & ReportApi {
  return {
    ...createEngine(workerFile, host),
    createReport: async (request, context) =>
      (await import('../reporting/createReport.js')).createReport(request, context),
  };
}
