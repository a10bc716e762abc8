/** Inspect Checkpoint: what one checkpoint holds, as a page to read and search. */
import * as vscode from 'vscode';
import { checkpointOf, labelOf } from '../services/checkpointPath.js';
import { withProgress } from '../services/screen.js';
import type { Services } from '../services/services.js';
import { inspectionMarkdown } from '../views/inspection.js';
import { revealTensor } from '../panel/files.js';
import { checkpointsFrom, pathsFrom } from './arguments.js';
import { checkpointInHand, pickCheckpoint } from './pick.js';

export const inspectCommands = {
  async 'frankenstein.showTensors'(services: Services, ...args: unknown[]) {
    const checkpoint =
      checkpointsFrom(args)[0] ??
      (await pickCheckpoint(services, { title: 'Show Tensors', placeholder: 'Which checkpoint?' }));
    if (checkpoint !== undefined) await revealTensor(services.tensorDocuments, checkpoint);
  },

  async 'frankenstein.inspect'(services: Services, ...args: unknown[]) {
    const given = pathsFrom(args)[0];
    const checkpoint =
      given === undefined
        ? await pickCheckpoint(services, { title: 'Inspect Checkpoint', placeholder: 'Which checkpoint?' })
        : checkpointOf(given);
    if (checkpoint === undefined) return;
    const result = await withProgress(`Inspecting ${labelOf(checkpoint)}`, 'status-bar', () =>
      services.engine.inspect({ path: checkpoint }),
    );
    const uri = services.documents.put(
      `${labelOf(checkpoint)}.md`,
      checkpoint,
      inspectionMarkdown(labelOf(checkpoint), result),
    );
    await vscode.commands.executeCommand(
      checkpointInHand() === undefined ? 'markdown.showPreview' : 'markdown.showPreviewToSide',
      uri,
    );
  },
};
