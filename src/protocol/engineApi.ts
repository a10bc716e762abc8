/** What crosses between the extension host and the engine process: the engine's own types, by name. */
export type * from '../engine/api.js';
export type * from '../engine/diff/result.js';
export type * from '../engine/evaluate/hybrids.js';
export type * from '../engine/evaluate/request.js';
export type * from '../engine/evaluate/result.js';
export type { ExportRequest, ExportResult } from '../engine/merge/export.js';
export type { MergekitConfig } from '../engine/merge/mergekit.js';
export type * from '../engine/merge/language/complete.js';
export type * from '../engine/merge/language/feedback.js';
export type * from '../engine/merge/language/hover.js';
export type { RecipeProblem } from '../engine/merge/recipe/problem.js';
export type * from '../engine/probe/request.js';
export type * from '../engine/probe/result.js';
export type * from '../engine/spectrum/request.js';
export type * from '../engine/spectrum/result.js';
export type { Component, Region, Section } from '../engine/topology/topology.js';
export type { ErrorCode } from '../engine/errors.js';
