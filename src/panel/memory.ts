/** Reads back what the webview kept with `setState`. It survives versions of the extension, so it is checked. */
import type { PanelMemory, PanelRequest } from '../protocol/hostApi.js';

export function parseMemory(state: unknown): PanelMemory | undefined {
  if (!isRecord(state)) return undefined;
  const view = isRecord(state['view']) ? state['view'] : {};
  return { request: parseRequest(state['request']) ?? null, view };
}

function parseRequest(value: unknown): PanelRequest | undefined {
  if (!isRecord(value) || value['kind'] !== 'compare' || !Array.isArray(value['stages'])) return undefined;
  const stages = value['stages'].flatMap((stage: unknown) => {
    if (!isRecord(stage) || typeof stage['path'] !== 'string') return [];
    return [typeof stage['label'] === 'string' ? { path: stage['path'], label: stage['label'] } : { path: stage['path'] }];
  });
  if (stages.length < 2 || stages.length !== value['stages'].length) return undefined;
  const cuts: unknown = value['cuts'];
  return isCuts(cuts) ? { kind: 'compare', stages, cuts } : { kind: 'compare', stages };
}

function isCuts(value: unknown): value is [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every((cut) => Number.isInteger(cut) && cut >= 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
