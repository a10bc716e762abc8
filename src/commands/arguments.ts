/**
 * What a command was invoked on. Menus of the explorer pass a URI and all selected URIs, the trees pass nodes in the
 * same way, the palette passes nothing, and other extensions may pass paths.
 */
import * as vscode from 'vscode';
import { checkpointOf } from '../services/checkpointPath.js';

export function pathsFrom(args: readonly unknown[]): string[] {
  const [one, many] = args;
  const all =
    Array.isArray(many) && many.length > 0 ? (many as unknown[]) : Array.isArray(one) ? (one as unknown[]) : [one];
  return [...new Set(all.flatMap((value) => pathOf(value) ?? []))];
}

/** The checkpoints that a command was invoked on, each once. */
export function checkpointsFrom(args: readonly unknown[]): string[] {
  return [...new Set(pathsFrom(args).map(checkpointOf))];
}

function pathOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (value instanceof vscode.Uri) return value.scheme === 'file' ? value.fsPath : undefined;
  if (typeof value === 'object' && value !== null && 'path' in value && typeof value.path === 'string')
    return value.path;
  return undefined;
}
