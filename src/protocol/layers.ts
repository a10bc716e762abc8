/**
 * What people call a place in the model. Layers are counted from 0, as in tensor names; results keep one depth axis
 * from vision (−n…−1) over the projector (0) to language (1…L), which is internal. One definition for panel,
 * exports, hovers.
 */
import type { Section } from './engineApi.js';

export { withoutAttention } from '../engine/analyses/probe/stateLayers.js';

export interface LayerRegion {
  section: Section;
  /** 0-based, within its section; null for the projector and outside the numbered layers. */
  layer: number | null;
}

/** A depth as a place; `visionLayers` is the number of blocks of the vision tower. */
export function regionOfDepth(depth: number, visionLayers: number): LayerRegion {
  if (depth === 0) return { section: 'projector', layer: null };
  return depth > 0 ? { section: 'language', layer: depth - 1 } : { section: 'vision', layer: depth + visionLayers };
}

/** `v0` … `v3`, `proj`, `0` … `11`: for table cells and ticks. Null outside the numbered layers. */
export function layerLabel({ section, layer }: LayerRegion): string | null {
  if (section === 'projector') return 'proj';
  if (layer === null) return null;
  return section === 'vision' ? `v${layer}` : String(layer);
}

/** `Language layer 12`, `Vision block 3`, `Projector`: for titles and sentences. */
export function layerTitle({ section, layer }: LayerRegion): string {
  if (section === 'projector') return 'Projector';
  if (layer === null) return 'Outside the layers';
  if (section === 'vision') return `Vision block ${layer}`;
  return section === 'language' ? `Language layer ${layer}` : `Layer ${layer}`;
}
