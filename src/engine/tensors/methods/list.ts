/** Every merge method. A new one is a file beside this, and a line here. */
import { arceeFusion } from './arceeFusion.js';
import { breadcrumbs } from './breadcrumbs.js';
import { breadcrumbsTies } from './breadcrumbsTies.js';
import { dareLinear } from './dareLinear.js';
import { dareTies } from './dareTies.js';
import { della } from './della.js';
import { dellaLinear } from './dellaLinear.js';
import { karcher } from './karcher.js';
import { linear } from './linear.js';
import { modelStock } from './modelStock.js';
import { multislerp } from './multislerp.js';
import { nearswap } from './nearswap.js';
import { nuslerp } from './nuslerp.js';
import { passthrough } from './passthrough.js';
import { ram } from './ram.js';
import { ramplusTl } from './ramplusTl.js';
import { sce } from './sce.js';
import { slerp } from './slerp.js';
import { taskArithmetic } from './taskArithmetic.js';
import { ties } from './ties.js';
import type { MergeMethod } from './method.js';

/** In the order in which people see them. */
const LIST = [
  passthrough,
  linear,
  slerp,
  nuslerp,
  multislerp,
  karcher,
  taskArithmetic,
  ties,
  dareLinear,
  dareTies,
  della,
  dellaLinear,
  breadcrumbs,
  breadcrumbsTies,
  modelStock,
  sce,
  nearswap,
  arceeFusion,
  ram,
  ramplusTl,
] as const;

export type MethodName = (typeof LIST)[number]['name'];

export const METHOD_NAMES: readonly MethodName[] = LIST.map(({ name }) => name);

export const METHODS = Object.fromEntries(LIST.map((one) => [one.name, one])) as unknown as Readonly<
  Record<MethodName, MergeMethod<MethodName>>
>;

export function isMethod(name: string): name is MethodName {
  return Object.hasOwn(METHODS, name);
}
