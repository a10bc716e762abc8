/** What a result says of a stage. */
import type { StageRole } from './roles.js';

export interface StageSummary {
  label: string;
  /** What it is in its lineage, where the names of all stages tell. Absent in results of earlier versions. */
  role?: StageRole | null | undefined;
  /** As the user named it, absolute. */
  path: string;
  /** `model_type` of the config, or what the tensor names say. */
  family: string;
  /** Language layers. */
  layers: number;
  /** Vision blocks; 0 for a text model. */
  visionLayers: number;
  /** The dtype that holds most parameters. */
  dtype: string;
  parameters: number;
  bytes: number;
  /** Content fingerprint, hex. Same bytes, same fingerprint, wherever they are. */
  fingerprint: string;
  /** Of an adapter or a recipe: what it is made of, in words, and the paths of the checkpoints it uses. */
  madeOf?: { summary: string; sources: string[] } | undefined;
}
