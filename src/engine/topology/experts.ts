/**
 * How a mixture-of-experts layer is stored: a matrix per expert and projection, or stacks of all experts, outputs ×
 * inputs (as transformers 5 writes them) or inputs × outputs (as its older versions did). The shapes of both
 * projections tell.
 */
import { textConfig } from './model.js';

type Config = Readonly<Record<string, unknown>>;
type Shape = readonly number[];

/** Names of a stack of all experts: module, projection, suffix. */
export const STACK = /^(.*\.experts)\.(gate_up_proj|down_proj)((?:\.weight)?)$/;
/** Names of one expert's matrix: module, expert, projection. */
export const SINGLE = /^(.*\.experts)\.(\d+)\.(gate_proj|up_proj|down_proj)\.weight$/;

/**
 * Whether stacks are inputs × outputs; undefined where nothing tells.
 * @param gateUp shape of gate and up of all experts, `down` of the projection back; either may be missing.
 */
export function inputsFirst(
  gateUp: Shape | undefined,
  down: Shape | undefined,
  config: Config | undefined,
): boolean | undefined {
  if (gateUp?.length === 3 && down?.length === 3) {
    if (gateUp[1] === down[2] && gateUp[2] === 2 * down[1]!) return true;
    if (gateUp[2] === down[1] && gateUp[1] === 2 * down[2]!) return false;
    return undefined;
  }
  const hidden = config === undefined ? undefined : textConfig(config)['hidden_size'];
  const [shape, hiddenFirst] = gateUp?.length === 3 ? [gateUp, true] : [down, false];
  if (shape?.length !== 3 || (shape[1] === hidden) === (shape[2] === hidden)) return undefined;
  // Inputs of gate and up, and outputs of down, are as many as the hidden size.
  return (shape[1] === hidden) === hiddenFirst;
}
