/** What became of tensors, by region of the language layers and by part outside them. */
import { regionOfLayer } from '../../topology/cuts.js';
import { REGIONS } from '../../topology/topology.js';
import type { HeldState, Movement } from './bits.js';
import { type Parameter, PARTS } from './parameters.js';
import type { Group, GroupMovement, HeldGroup } from './result.js';

type Cuts = readonly [number, number];

/** Regions first, then the other parts. */
const ORDER: readonly Group[] = [...REGIONS, ...PARTS.filter((part) => part !== 'layers')];

function groupOf({ part, layer }: Parameter, cuts: Cuts): Group {
  return part === 'layers' ? regionOfLayer(layer!, cuts) : part;
}

export function heldGroups(kept: readonly { parameter: Parameter; state: HeldState }[], cuts: Cuts): HeldGroup[] {
  return ORDER.flatMap((group): HeldGroup[] => {
    const own = kept.filter(({ parameter }) => groupOf(parameter, cuts) === group);
    if (own.length === 0) return [];
    const count = (wanted: HeldState) => own.filter(({ state }) => state === wanted).length;
    return [
      {
        group,
        tensors: own.length,
        parameters: own.reduce((sum, { parameter }) => sum + parameter.size, 0),
        moved: count('moved'),
        missing: count('missing'),
        rounded: count('rounded'),
      },
    ];
  });
}

export function movedGroups(
  movements: readonly { parameter: Parameter; movement: Movement }[],
  cuts: Cuts,
): GroupMovement[] {
  return ORDER.flatMap((group): GroupMovement[] => {
    const own = movements.filter(({ parameter }) => groupOf(parameter, cuts) === group);
    if (own.length === 0) return [];
    const sum = (value: (of: (typeof own)[number]) => number) => own.reduce((all, one) => all + value(one), 0);
    const parameters = sum(({ parameter }) => parameter.size);
    const size = Math.sqrt(sum(({ movement }) => movement.squares));
    const floor = Math.sqrt(sum(({ movement }) => movement.floorSquares));
    const fro = Number.isFinite(size) ? size : null;
    return [
      {
        group,
        tensors: own.length,
        parameters,
        fro,
        floor,
        timesFloor: floor > 0 && fro !== null ? fro / floor : null,
        changed: parameters === 0 ? 0 : sum(({ movement }) => movement.changed) / parameters,
        unmoved: own.filter(({ movement }) => movement.changed === 0).length,
      },
    ];
  });
}
