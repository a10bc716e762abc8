/** Verification: whether what should have stayed frozen did, bit for bit. Its command is `freeze verify`. */
import { define } from '../declare/definition.js';
import { verifyRequest } from './request.js';
import { verifyResult } from './schema.js';

export const definition = define({
  name: 'verify',
  request: verifyRequest,
  result: verifyResult,
  analysis: () => import('./analysis.js'),
  report: () => import('./report.js'),
  titles: { verify: 'Frozen?' },
  joint: ' → ',
  runKinds: ['verify'],
  icon: 'verified',
  isNot: 'is no verification',
  leaves: 'What was verified so far is kept, and the next start continues from there.',
  commands: [],
});
