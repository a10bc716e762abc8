/** What a trajectory says, in sentences. No file and no number that is not in the result. */
import type { DeltaAggregate } from '../compare/result.js';
import { floorRatio, NEAR_FLOOR } from '../compare/floor.js';
import { formatNumber, formatPercent } from '../../report/text.js';
import type { GroupTrajectory, TensorTrajectory, TrajectoryResult } from './result.js';

/** From this Sim_K on, directions are said to be those of the last step. */
export const SETTLED = 0.8;

/** Sentences, the most telling first. */
export function trajectoryReading(result: TrajectoryResult): string[] {
  const last = result.whole.sinceFirst.at(-1) ?? null;
  if (last === null) return ['No weight is in the first and in the last checkpoint: there is nothing to follow.'];
  if (last.fro === 0)
    return [`Nothing changed: the weights of ${nameOf(result, -1)} are those of ${nameOf(result, 0)}.`];
  return [movement(result), halfway(result), path(result), directions(result), floor(result)].filter(
    (sentence) => sentence !== '',
  );
}

/** The stage of this index, as people call it; negative from the end. */
function nameOf({ stages }: TrajectoryResult, index: number): string {
  return stages.at(index)!.label;
}

interface Part {
  name: string;
  squares: number;
  parameters: number;
}

/** Regions of the language layers, and whatever lies outside them. */
function partsOf({ tensors, regions }: TrajectoryResult): Part[] {
  const named = (tensor: TensorTrajectory) => {
    const region = regions.find((one) => one.region === tensor.region);
    if (region !== undefined)
      return region.first === region.last
        ? `the ${region.region} region (language layer ${region.first})`
        : `the ${region.region} region (language layers ${region.first}–${region.last})`;
    return tensor.section === 'vision'
      ? 'the vision tower'
      : tensor.section === 'projector'
        ? 'the projector'
        : 'embeddings and head';
  };
  const parts = new Map<string, Part>();
  for (const tensor of tensors) {
    const fro = tensor.sinceFirst.at(-1)?.fro ?? null;
    if (tensor.shape.length < 2 || fro === null) continue;
    const name = named(tensor);
    const part = parts.get(name) ?? { name, squares: 0, parameters: 0 };
    part.squares += fro * fro;
    part.parameters += tensor.shape.reduce((product, size) => product * size, 1);
    parts.set(name, part);
  }
  return [...parts.values()].sort((a, b) => b.squares - a.squares);
}

function movement(result: TrajectoryResult): string {
  const parts = partsOf(result);
  const squares = parts.reduce((sum, part) => sum + part.squares, 0);
  const parameters = parts.reduce((sum, part) => sum + part.parameters, 0);
  const [most] = parts;
  if (most === undefined || !(squares > 0)) return '';
  const share = most.squares / squares;
  return (
    `${share > 0.5 ? 'Most' : 'The largest share'} of the movement from ${nameOf(result, 0)} to ${nameOf(result, -1)} is in ${most.name}: ` +
    `${formatPercent(share)} of the squared update, in ` +
    `${formatPercent(most.parameters / parameters)} of the weights.`
  );
}

/** Index of the first checkpoint, of those after the first, at which half of the last one's distance was reached. */
export function halfwayOf({ sinceFirst }: Pick<GroupTrajectory, 'sinceFirst'>): number | null {
  const last = sinceFirst.at(-1)?.fro ?? 0;
  if (!(last > 0)) return null;
  const found = sinceFirst.findIndex((delta) => delta !== null && delta.fro >= last / 2);
  return found === -1 ? null : found;
}

function halfway(result: TrajectoryResult): string {
  const at = halfwayOf(result.whole);
  if (at === null || result.stages.length < 3) return '';
  const { relative } = result.whole.sinceFirst.at(-1)!;
  const size = relative === null ? '' : ` (‖Δ‖/‖W‖ ${formatNumber(relative)})`;
  return (
    `Half of the distance from ${nameOf(result, 0)} to ${nameOf(result, -1)}${size} was reached by step ` +
    `${result.steps[at + 1]!} of ${result.steps.at(-1)!}.`
  );
}

function path(result: TrajectoryResult): string {
  const { sinceFirst, sincePrevious } = result.whole;
  if (sincePrevious.length < 2 || sincePrevious.includes(null)) return '';
  const length = sincePrevious.reduce((sum, delta) => sum + delta!.fro, 0);
  return (
    `The updates from step to step add up to ${formatNumber(length / sinceFirst.at(-1)!.fro)} times the ` +
    'distance from start to end: 1 would be a straight line.'
  );
}

function directions({ whole, k, stages, steps, directions: asked }: TrajectoryResult): string {
  const similar = whole.similarity.slice(0, -1);
  const before = similar.at(-1) ?? null;
  if (!asked || before === null || stages.length < 3) return '';
  const chance = whole.chance === null ? '' : `; directions at random would have ${formatNumber(whole.chance)}`;
  const from = similar.findLastIndex((value) => value === null || value < SETTLED) + 1;
  return from < similar.length
    ? `The leading ${k} input directions had settled by step ${steps[from + 1]!}: from there on ` +
        `Sim_${k} with the last step is at least ` +
        `${formatNumber(Math.min(...similar.slice(from).map((value) => value!)))}${chance}.`
    : `The leading ${k} input directions had not settled: Sim_${k} of step ${steps.at(-2)!} with the ` +
        `last step is ${formatNumber(before)}${chance}.`;
}

/** Whether the rounding of one storage would be about as large. */
export function isNearFloor(delta: Pick<DeltaAggregate, 'fro' | 'floor'> | null): boolean {
  const ratio = floorRatio(delta);
  return ratio !== null && ratio > 0 && ratio < NEAR_FLOOR;
}

function floor({ whole, steps, stages }: TrajectoryResult): string {
  const dtypes = [...new Set(stages.slice(1).map(({ dtype }) => dtype))].join(' and ');
  const near = whole.sinceFirst.filter(isNearFloor).length;
  const nearPrevious = whole.sincePrevious.filter(isNearFloor).length;
  const last = whole.sinceFirst.findLastIndex(isNearFloor);
  const first =
    near === 0
      ? ''
      : near === whole.sinceFirst.length
        ? `Every update since the first checkpoint is below ${NEAR_FLOOR}× what rounding to ${dtypes} ` +
          'alone would give: sizes and directions say little about training.'
        : `Up to step ${steps[last + 1]!} the update since the first checkpoint is below ${NEAR_FLOOR}× ` +
          `what rounding to ${dtypes} alone would give: sizes and directions there say little about ` +
          'training.';
  const previous =
    nearPrevious === 0 || whole.sincePrevious.length < 2
      ? ''
      : `Of the updates from step to step, ${nearPrevious} of ${whole.sincePrevious.length} are below ` +
        `${NEAR_FLOOR}× their rounding floor.`;
  return [first, previous].filter((sentence) => sentence !== '').join(' ');
}
