/** Every kind of probe. A new one is a folder beside this, and a line here. */
import type { ProbeRequest } from '../request.js';
import { attention } from './attention/kind.js';
import type { ProbeKind } from './kind.js';
import { routing } from './routing/kind.js';
import { skip } from './skip/kind.js';
import { swap } from './swap/kind.js';

const LIST = [swap, skip, attention, routing] as unknown as readonly ProbeKind[];

export function probeKind(kind: ProbeRequest['kind']): ProbeKind {
  return LIST.find((one) => one.kind === kind)!;
}
