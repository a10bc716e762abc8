/** The result of a verification: the documented JSON, `schema: 1`. */
import type { StageSummary } from '../../lineage/stageSummary.js';
import type { Provenance } from '../../runs/provenance.js';
import type { Region } from '../../topology/topology.js';
import type { Part } from './parameters.js';

/** Regions of the language layers, and parts outside them. */
export type Group = Region | Exclude<Part, 'layers'>;

export interface Verification {
  schema: 1;
  kind: 'verification';
  /** IN, and the result. */
  stages: StageSummary[];
  cuts: [number, number];
  /** Absolute. */
  in: string;
  result: string;
  /** Of the result, for people: "LoRA of rank 16 on …"; null for a folder of weights. */
  madeOf: string | null;
  /** Nothing that should have stayed has moved, and nothing of it is missing. */
  passed: boolean;
  frozen: {
    tensors: number;
    parameters: number;
    /** Tensors stored more coarsely than in IN, equal once IN is rounded: less than a proof bit for bit. */
    rounded: number;
  };
  /** Frozen tensors that are not what they were. */
  moved: MovedTensor[];
  /** Frozen tensors that the result does not have, with a reason. */
  missing: { name: string; reason: string }[];
  /** What should have stayed, by region and part. */
  held: HeldGroup[];
  /** What was free to move, by region and part. */
  groups: GroupMovement[];
  warnings: string[];
  provenance: Provenance;
}

export interface MovedTensor {
  /** Canonical. */
  name: string;
  /** In the result's file. */
  onDisk: string;
  elements: number;
  changed: number;
  /** Null where a weight became NaN or infinite. */
  maxAbs: number | null;
  /** It moved by less than half a step of IN's dtype everywhere: rounded to that, nothing would show. */
  belowStep: boolean;
}

export interface HeldGroup {
  group: Group;
  tensors: number;
  parameters: number;
  /** Tensors that are not what they were, that are not there, and that are equal only once IN is rounded. */
  moved: number;
  missing: number;
  rounded: number;
}

export interface GroupMovement {
  group: Group;
  tensors: number;
  parameters: number;
  /**
   * ‖Δ‖_F over all of the group as one vector, and what one rounding to the result's dtype would give. Null where a
   * weight became NaN or infinite.
   */
  fro: number | null;
  floor: number;
  /** `fro / floor`; null where nothing is rounded (adapters), and where there is no `fro`. */
  timesFloor: number | null;
  /** Fraction of the weights that differ. */
  changed: number;
  /** Tensors of which no weight differs. */
  unmoved: number;
}
