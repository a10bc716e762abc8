/** A trajectory as its view needs it: groups by name, and what is measured of them. No DOM. */
import type {
  Against,
  DeltaAggregate,
  GroupTrajectory,
  LayerTrajectory,
  TrajectoryResult,
} from '../../src/protocol/engineApi.js';
import { floorRatio } from '../../src/protocol/floor.js';
import { SECTION_NAMES } from '../figure/sections.js';
import { REGION_NAMES } from '../figure/regions.js';
import { formatNumber, formatFraction } from '../format.js';
import { describeDepth } from '../state/model.js';
import type { SizeName } from './view.js';

export interface NamedGroup {
  key: string;
  name: string;
  group: GroupTrajectory;
}

export interface TrajectoryModel {
  result: TrajectoryResult;
  languageLayers: number;
  visionLayers: number;
  /** By depth, ascending. */
  layers: LayerTrajectory[];
  /** Regions of the language layers, and the other sections. */
  groups: NamedGroup[];
  /** Names of the steps after the first checkpoint. */
  steps: { step: number; label: string }[];
}

export function modelOf(result: TrajectoryResult): TrajectoryModel {
  return {
    result,
    languageLayers: Math.max(0, ...result.stages.map((stage) => stage.layers)),
    visionLayers: Math.max(0, ...result.stages.map((stage) => stage.visionLayers)),
    layers: result.layers,
    groups: [
      ...result.regions.map((region) => ({
        key: region.region,
        name: `${REGION_NAMES[region.region]} (${region.first}–${region.last})`,
        group: region,
      })),
      ...result.sections
        .filter(({ section }) => section !== 'language' || result.regions.length === 0)
        .map((section) => ({ key: section.section, name: SECTION_NAMES[section.section], group: section })),
    ],
    steps: result.stages.slice(1).map(({ label }, index) => ({ step: result.steps[index + 1]!, label })),
  };
}

/** The layer at this depth as a group. */
export function layerAt(model: TrajectoryModel, depth: number | null): NamedGroup | null {
  const layer = model.layers.find((one) => one.depth === depth);
  return layer === undefined ? null : { key: 'layer', name: describeDepth(model, layer.depth), group: layer };
}

export function deltasOf(group: GroupTrajectory, against: Against): (DeltaAggregate | null)[] {
  return against === 'first' ? group.sinceFirst : group.sincePrevious;
}

export const SIZE_NAMES: Record<SizeName, string> = {
  relative: 'Relative update ‖Δ‖/‖W‖',
  fro: 'Update ‖Δ‖',
  changed: 'Changed weights',
};

export function formatSize(size: SizeName, value: number | null | undefined): string {
  return size === 'changed' ? formatFraction(value) : formatNumber(value);
}

/** What rounding alone would give of a size; null where it has no floor. */
export function floorOfSize(delta: DeltaAggregate, size: SizeName): number | null {
  if (size === 'changed' || !(delta.floor > 0)) return null;
  if (size === 'fro') return delta.floor;
  return delta.relative === null || delta.fro === 0 ? null : (delta.relative * delta.floor) / delta.fro;
}

/** `3.1× the rounding floor`, or nothing. */
export function floorText(delta: DeltaAggregate | null): string {
  const ratio = floorRatio(delta);
  return ratio === null || ratio === 0 ? '' : `${formatNumber(ratio)}× the rounding floor`;
}

/** `Since checkpoint-100`. */
export function againstText({ result }: TrajectoryModel, against: Against): string {
  return against === 'first' ? `since ${result.stages[0]!.label}` : 'since the previous checkpoint';
}
