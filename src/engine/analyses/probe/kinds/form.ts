/** What the schemas of all kinds of probes share. */
import * as v from 'valibot';
import { protocolSchema } from '../../declare/protocol.js';
import { amount, amounts, cuts, model, overData, text, texts } from '../../declare/shape.js';

export const probed = {
  ...overData,
  checkpoints: v.array(v.object({ ...model, layers: amount })),
  cuts,
  depths: amounts,
  stateLayers: v.exactOptional(amounts),
  protocol: v.exactOptional(protocolSchema),
};
export const sample = { id: text, prompt: text, answers: texts };
