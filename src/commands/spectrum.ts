/** Analyse Update Spectrum…: the stages' panel opens on its Spectrum tab, where the cost is told before anything runs. */
import type { Services } from '../services/services.js';
import { checkpointsFrom } from './arguments.js';
import { pickLineage } from './compare.js';

export const spectrumCommands = {
  async 'frankenstein.spectrum'(services: Services, ...args: unknown[]) {
    const { panels } = services;
    const given = checkpointsFrom(args);
    const inFront = panels.active?.request;
    // From the palette over a comparison: its own stages are meant.
    if (given.length === 0 && inFront?.kind === 'compare') {
      panels.offer({ kind: 'spectrum', stages: inFront.stages });
      return;
    }
    const stages = await pickLineage(services, given, 'Analyse Update Spectrum');
    if (stages !== undefined) panels.offer({ kind: 'spectrum', stages });
  },
};
