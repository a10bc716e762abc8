/** What lenses, hovers and pinned figures link to. */
import * as vscode from 'vscode';
import { configFigures } from '../inline/configFigures.js';
import { hoverOptions, trusted } from '../inline/hovers.js';
import { layerHover, modelHover, tensorHover, type HoverOptions, type InlineTarget } from '../inline/hoverText.js';
import { jsonKeys } from '../inline/jsonKeys.js';
import { layerName, type Lookup } from '../inline/lookup.js';
import { Lookups } from '../inline/lookups.js';
import { localizationsOf } from '../services/resultsIndex.js';
import type { Services } from '../services/services.js';
import { readSettings, SECTION } from '../services/settings.js';
import { probeRequestOf, requestOf } from './runs.js';

const NO_RESULT = 'There is no finished comparison of this checkpoint any more; compare it again.';

export const inlineCommands = {
  async 'frankenstein.toggleInline'() {
    const { enabled } = readSettings().inline;
    await vscode.workspace
      .getConfiguration(SECTION)
      .update('inline.enabled', !enabled, vscode.ConfigurationTarget.Global);
  },

  async 'frankenstein.inline.open'({ results, panels }: Services, ...[target]: unknown[]) {
    if (!isTarget(target)) return;
    if (target.probe === true) {
      const localizations = await localizationsOf(results, target.folder);
      if (localizations.length === 0)
        throw new Error('There is no finished localization of this checkpoint any more; probe it again.');
      // What the lens quotes: the newest run and those that swap in the same way.
      const same = localizations.filter(({ result }) => result.mode === localizations[0]!.result.mode);
      const requests = same.map(({ run, result }) => probeRequestOf(run, result));
      const panel = await panels.showResult(
        {
          kind: 'probe',
          probes: requests.flatMap(({ probes }) => probes),
          runs: requests.flatMap(({ runs = [] }) => runs),
        },
        { kind: 'probe', results: same.map(({ result }) => result), runsFolder: undefined },
      );
      if (target.depth !== null) panel.focus({ depth: target.depth, tensor: null });
      return;
    }
    const found = await results.find('compare', target.folder);
    if (found === undefined) throw new Error(NO_RESULT);
    const panel = await panels.showResult(requestOf(found.run), { kind: 'compare', result: found.result });
    if (target.depth !== null || target.tensor !== null) panel.focus({ depth: target.depth, tensor: target.tensor });
  },

  async 'frankenstein.inline.pin'(services: Services, ...[target]: unknown[]) {
    if (!isTarget(target)) return;
    const lookups = new Lookups(services.results, services.log);
    const lookup = await lookups.ofFolder(target.folder);
    if (lookup === undefined) throw new Error(NO_RESULT);
    const uri = vscode.Uri.parse(target.uri, true);
    const { label, text } = await pinned(lookup, target, uri, hoverOptions(await lookups.spectraOf(lookup)));
    services.pins.pin(uri, target.line, label, trusted(text));
  },

  'frankenstein.inline.unpin'({ pins }: Services, ...[thread]: unknown[]) {
    // The title's button passes the thread itself; from anywhere else there is nothing to unpin.
    if (typeof thread === 'object' && thread !== null && 'canReply' in thread)
      pins.unpin(thread as vscode.CommentThread);
  },

  'frankenstein.inline.unpinAll'({ pins }: Services) {
    pins.clear();
  },
};

/** What is pinned: the layer's figure; a tensor's where it is in no layer; the section's in a config. */
async function pinned(
  lookup: Lookup,
  target: InlineTarget,
  uri: vscode.Uri,
  options: HoverOptions,
): Promise<{ label: string; text: string }> {
  const layer = target.depth === null ? undefined : lookup.layer(target.depth);
  if (layer !== undefined) return { label: layerName(layer), text: layerHover(lookup, layer, target, options) };
  const document = await vscode.workspace.openTextDocument(uri);
  const figure = configFigures(jsonKeys(document.getText()), lookup, options).find(({ line }) => line === target.line);
  if (figure !== undefined)
    return { label: figure.heading, text: modelHover(lookup, figure.heading, figure.deltas, target, options) };
  const tensor = lookup.result.tensors.find(({ name }) => name === target.tensor);
  if (tensor === undefined) throw new Error('This figure is not in the result any more; compare again.');
  return { label: tensor.component, text: tensorHover(lookup, tensor, target, options) };
}

function isTarget(value: unknown): value is InlineTarget {
  if (typeof value !== 'object' || value === null) return false;
  const { uri, line, folder, depth, tensor } = value as Record<string, unknown>;
  return (
    typeof uri === 'string' &&
    typeof line === 'number' &&
    Number.isInteger(line) &&
    line >= 0 &&
    typeof folder === 'string' &&
    (depth === null || typeof depth === 'number') &&
    (tensor === null || typeof tensor === 'string')
  );
}
