/** Asking for a report: what it is made of, and what was written. */
import type { CallContext, CountProgress } from '../engine/calls.js';

export interface ReportRequest {
  /** Ids of runs, folders of runs, files of results, or experiment files; files and folders absolute. */
  sources: readonly string[];
  /** Where ids of runs, and what became of experiments, are looked up. */
  runsFolder?: string | undefined;
  /** The folder to write, absolute. */
  out: string;
  /** Of the report; by what it holds when left out. */
  title?: string | undefined;
  /** A file of published numbers, absolute. */
  paper?: string | undefined;
  /** An earlier report in that folder is replaced. */
  force?: boolean | undefined;
}

export interface WrittenReport {
  /** Absolute. */
  folder: string;
  /** The document in it, absolute. */
  file: string;
  /** Below the folder, with forward slashes, in order of their names. */
  files: string[];
  runs: number;
  figures: number;
  tables: number;
}

/** Served beside the engine's calls, by the same process. */
export interface ReportApi {
  /**
   * @throws `bad-request` for a folder that exists, `not-found` and `malformed` for runs that cannot be read,
   * `cancelled`
   */
  createReport(request: ReportRequest, context?: CallContext<CountProgress>): Promise<WrittenReport>;
}
