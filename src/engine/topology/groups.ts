/** Tensors in groups by their places. Works on results alone, so that other cuts need no second run. */
import { regionOfLayer } from './cuts.js';
import { REGIONS, type Region, type Section } from './topology.js';

interface Placed {
  section: Section;
  layer: number | null;
  depth: number | null;
  region: Region | null;
}

/** By depth, ascending; what has no depth is in none. */
export function layersOf<T extends Placed>(
  tensors: readonly T[],
): { location: Placed & { depth: number }; group: T[] }[] {
  const byDepth = new Map<number, T[]>();
  for (const tensor of tensors) {
    if (tensor.depth === null) continue;
    const group = byDepth.get(tensor.depth);
    if (group) group.push(tensor);
    else byDepth.set(tensor.depth, [tensor]);
  }
  return [...byDepth]
    .sort(([a], [b]) => a - b)
    .map(([depth, group]) => {
      const { section, layer, region } = group[0]!;
      return { location: { section, layer, depth, region }, group };
    });
}

/** Those that have tensors. `languageLayers` bounds the Late region. */
export function regionsOf<T extends Placed>(
  tensors: readonly T[],
  languageLayers: number,
  cuts: readonly [number, number],
): { location: { region: Region; first: number; last: number }; group: T[] }[] {
  const starts = [0, ...cuts, languageLayers];
  return REGIONS.flatMap((region, index) => {
    const [first, end] = [starts[index]!, starts[index + 1]!];
    const group = tensors.filter((tensor) => tensor.region === region);
    return first < end && group.length > 0 ? [{ location: { region, first, last: end - 1 }, group }] : [];
  });
}

/** The same tensors under other cuts: only regions change. */
export function recutTensors<T extends Placed>(tensors: readonly T[], cuts: readonly [number, number]): T[] {
  return tensors.map((tensor) =>
    tensor.section === 'language' && tensor.layer !== null
      ? { ...tensor, region: regionOfLayer(tensor.layer, cuts) }
      : tensor,
  );
}
