/** The declaration of every kind, in the order in which people see them. A new one is a line here and in `list.ts`. */
import * as v from 'valibot';
import type { ProbeResult } from '../result.js';
import { attention } from './attention/declaration.js';
import type { KindDeclaration } from './declaration.js';
import { routing } from './routing/declaration.js';
import { skip } from './skip/declaration.js';
import { swap } from './swap/declaration.js';

const DECLARED = [swap, skip, attention, routing] as const;

export type KindName = (typeof DECLARED)[number]['kind'];

export const KINDS: readonly KindDeclaration<ProbeResult>[] =
  DECLARED as readonly unknown[] as KindDeclaration<ProbeResult>[];

export const KIND_NAMES = DECLARED.map(({ kind }) => kind);

/** The declaration of the kind that a result has. */
export function declared(kind: KindName): KindDeclaration<ProbeResult> {
  return KINDS.find((one) => one.kind === kind)!;
}

/** The schema of a probe's result, a form per kind. */
export const probeResult = v.variant('kind', DECLARED.map(({ form }) => form) as never) as unknown as v.GenericSchema<
  unknown,
  ProbeResult
>;
