/** A result as one document asks it: by the names in its own files, by depth, by section. */
import { layerTitle } from '../protocol/layers.js';
import type { CompareResult, LayerResult, TensorResult } from '../protocol/engineApi.js';

export class Lookup {
  private readonly byName = new Map<string, TensorResult>();
  private readonly byDepth = new Map<number, LayerResult>();
  /** Smallest and largest relative change of a tensor, per delta: the ends of the bars' scale. */
  private readonly ranges: ({ low: number; high: number } | null)[];

  constructor(
    readonly result: CompareResult,
    /** Which stage the document belongs to. */
    readonly stage: number,
  ) {
    for (const tensor of result.tensors) this.byName.set(tensor.onDisk[stage] ?? tensor.name, tensor);
    for (const layer of result.layers) this.byDepth.set(layer.depth, layer);
    this.ranges = result.stages.slice(1).map((_, from) => rangeOf(result.tensors, from));
  }

  /** The delta that made this stage; for the first stage, the one that left it. */
  get ownDelta(): number {
    return Math.max(0, this.stage - 1);
  }

  tensor(onDisk: string): TensorResult | undefined {
    return this.byName.get(onDisk);
  }

  layer(depth: number): LayerResult | undefined {
    return this.byDepth.get(depth);
  }

  range(from: number): { low: number; high: number } | null {
    return this.ranges[from] ?? null;
  }

  /** What the update `from` → `from + 1` is called, without the Δ. */
  label(from: number): string {
    return updateLabels(this.result.stages)[from]!;
  }

  /** First line of every layer named in the document, by depth. */
  firstLines(lineCount: number, nameAt: (line: number) => string | undefined): Map<number, number> {
    const lines = new Map<number, number>();
    for (let line = 0; line < lineCount; line++) {
      const name = nameAt(line);
      const depth = name === undefined ? null : (this.byName.get(name)?.depth ?? null);
      if (depth !== null && !lines.has(depth)) lines.set(depth, line);
    }
    return lines;
  }
}

/**
 * What the updates are called, as in the panel: by the role of the stage each made where all have one, else by its
 * name.
 */
export function updateLabels(stages: CompareResult['stages']): string[] {
  const made = stages.slice(1);
  const roles = made.flatMap(({ role }) => role ?? []);
  const byRole = roles.length === made.length && new Set(roles).size === roles.length;
  return made.map(({ label, role }) => {
    const name = byRole ? role! : label;
    return /^[a-z]{1,4}$/.test(name) ? name.toUpperCase() : name;
  });
}

function rangeOf(tensors: readonly TensorResult[], from: number): { low: number; high: number } | null {
  let low = Infinity;
  let high = 0;
  for (const tensor of tensors) {
    const relative = tensor.deltas[from]?.relative ?? 0;
    if (relative > 0) low = Math.min(low, relative);
    high = Math.max(high, relative);
  }
  return high > 0 ? { low, high } : null;
}

/** `Language layer 11 · mid`: counted as the tensor names beside it count, from 0. */
export function layerName(layer: Pick<LayerResult, 'section' | 'layer' | 'region'>): string {
  return `${layerTitle(layer)}${layer.region === null ? '' : ` · ${layer.region}`}`;
}
