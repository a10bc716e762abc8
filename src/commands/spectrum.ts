/** Analyse Update Geometry…: the stages' panel opens on its Geometry tab, where the cost is told before anything runs. */
import type { Services } from '../services/services.js';
import { checkpointsFrom } from './arguments.js';
import { pickSeveral } from './compare.js';
import { pickOrder } from './order.js';

const TITLE = 'Analyse Update Geometry';

export const spectrumCommands = {
  async 'frankenstein.spectrum'(services: Services, ...args: unknown[]) {
    const { panels, engine } = services;
    const given = checkpointsFrom(args);
    const inFront = panels.active?.request;
    // From the palette over a comparison: its own stages are meant.
    if (given.length === 0 && inFront?.kind === 'compare') {
      panels.geometry(inFront);
      return;
    }
    const checkpoints = given.length >= 2 ? given : await pickSeveral(services, given, TITLE);
    if (checkpoints === undefined) return;
    const stages = await pickOrder(engine, checkpoints, TITLE);
    if (stages !== undefined)
      panels.geometry({ stages: stages.map(({ path, label }) => ({ path, ...(label !== undefined && { label }) })) });
  },
};
