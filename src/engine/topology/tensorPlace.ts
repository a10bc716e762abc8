/** Where a tensor stands in the model. */
import type { Component, Region, Section } from './topology.js';

/** The place of a tensor in the model. */
export interface TensorLocation {
  /** Canonical name: `model.language_model.layers.3.mlp.up_proj.weight`. */
  name: string;
  section: Section;
  /** 0-based index inside its section; null outside numbered layers. */
  layer: number | null;
  /** Unified axis: vision −n…−1, projector 0, language 1…L; null for embeddings, head, final norms. */
  depth: number | null;
  component: Component;
  region: Region | null;
}
