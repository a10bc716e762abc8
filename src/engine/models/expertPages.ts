/**
 * Weights of experts, read one by one when tokens choose them. Which ones a pass needs changes from token to token, and
 * passes visit the layers in order, so keeping what was used last would evict an expert just before it is needed. What
 * is kept is what was used most: a new expert takes the place of a kept one that was asked for less often.
 */
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { expertNumbers, storedExperts } from './experts.js';
import type { WeightFormat } from './graphs/ops.js';
import type { LanguageSpec } from './spec.js';
import { type Allocate, bytesOfParts, type Feeds, readParts, reusing, type WeightPart } from './weights.js';

/** One expert of a layer. */
export interface ExpertPlace {
  checkpoint: Checkpoint;
  layer: number;
  expert: number;
}

/** An expert in memory. */
export interface ExpertWeights {
  feeds: Feeds;
  /** Its matrices are inputs × outputs. */
  inputsFirst: boolean;
}

interface Slot {
  /** Empty while there is nothing in it. */
  key: string;
  memory: Allocate;
  weights: Promise<ExpertWeights> | undefined;
}

const emptySlot = (): Slot => ({ key: '', memory: reusing(), weights: undefined });

/** Experts in memory whatever is kept: one in use, one on its way. */
export const PASSING_EXPERTS = 2;

/** One expert's weights, and whether its matrices are inputs × outputs. */
export interface ExpertParts {
  parts: WeightPart[];
  inputsFirst: boolean;
}

/** What expert `expert` of a layer is made of. @throws `malformed` */
export function expertParts(
  checkpoint: Checkpoint,
  { root, layer: { hidden, experts } }: LanguageSpec,
  layer: number,
  expert: number,
): ExpertParts {
  const { inner } = experts!;
  const { stacks, inputsFirst: first } = storedExperts(checkpoint, root, layer);
  const dims = (rows: number, columns: number) => (first ? [columns, rows] : [rows, columns]);
  const [both, back] = [dims(2 * inner, hidden), dims(hidden, inner)];
  if (stacks === undefined) {
    const at = (name: string) => `${root}.layers.${layer}.mlp.experts.${expert}.${name}.weight`;
    return {
      parts: [
        { input: 'gateUp', names: [at('gate_proj'), at('up_proj')], dims: both },
        { input: 'down', names: [at('down_proj')], dims: back },
      ],
      inputsFirst: false,
    };
  }
  return {
    parts: [
      { input: 'gateUp', names: [stacks.gateUp], dims: both, from: expert * 2 * inner * hidden },
      { input: 'down', names: [stacks.down], dims: back, from: expert * inner * hidden },
    ],
    inputsFirst: first,
  };
}

/** Bytes of one expert in memory; 0 where a model has none. */
export function expertBytes(spec: LanguageSpec, format: WeightFormat): number {
  return expertNumbers(spec.layer) * (format === 'F32' ? 4 : 2);
}

export class ExpertPages {
  private readonly kept = new Map<string, Slot>();
  /** How often each expert was asked for. */
  private readonly uses = new Map<string, number>();
  /** Memory of experts that are not kept. */
  private readonly passing: Slot[] = Array.from({ length: PASSING_EXPERTS }, emptySlot);
  private turn = 0;
  /** The one in use: its memory must stay as it is. */
  private current = '';
  private readonly most: number;
  /** Bytes read from files so far. */
  bytesRead = 0;

  /** @param bytes that kept experts may take. */
  constructor(
    private readonly spec: LanguageSpec,
    private readonly format: WeightFormat,
    bytes: number,
  ) {
    const each = expertBytes(spec, format);
    this.most = each === 0 ? 0 : Math.floor(bytes / each);
  }

  /**
   * The weights of one expert, good until the next call but one. `next` is what will be asked for after it: its reading
   * starts now, so that it goes on while this one is computed.
   * @throws as `readParts`
   */
  async get(place: ExpertPlace, next?: ExpertPlace): Promise<ExpertWeights> {
    const key = keyOf(place);
    this.uses.set(key, (this.uses.get(key) ?? 0) + 1);
    this.current = key;
    const weights = await this.start(place, key);
    // A failure is reported where the expert is asked for.
    if (next !== undefined) this.start(next, keyOf(next)).catch(() => undefined);
    return weights;
  }

  private start(place: ExpertPlace, key: string): Promise<ExpertWeights> {
    const there = (this.kept.get(key) ?? this.passing.find((slot) => slot.key === key))?.weights;
    if (there !== undefined) return there;
    const slot = this.slotFor(key);
    // A run that was cancelled may have left a reading into the same memory under way.
    const before = slot.weights?.catch(() => undefined);
    const weights = Promise.resolve(before).then(() => this.read(place, slot.memory));
    [slot.key, slot.weights] = [key, weights];
    weights.catch(() => {
      if (slot.key === key) slot.key = '';
      if (this.kept.get(key) === slot) this.kept.delete(key);
    });
    return weights;
  }

  private slotFor(key: string): Slot {
    if (this.kept.size < this.most) {
      const slot = emptySlot();
      this.kept.set(key, slot);
      return slot;
    }
    const least = this.leastUsed();
    if (least !== undefined && (this.uses.get(least.key) ?? 0) < (this.uses.get(key) ?? 0)) {
      this.kept.delete(least.key);
      this.kept.set(key, least);
      return least;
    }
    this.turn = (this.turn + 1) % PASSING_EXPERTS;
    if (this.passing[this.turn]!.key === this.current) this.turn = (this.turn + 1) % PASSING_EXPERTS;
    return this.passing[this.turn]!;
  }

  private leastUsed(): Slot | undefined {
    let least: Slot | undefined;
    let fewest = Infinity;
    for (const [key, slot] of this.kept) {
      const count = this.uses.get(key) ?? 0;
      if (count < fewest && key !== this.current) [least, fewest] = [slot, count];
    }
    return least;
  }

  private async read({ checkpoint, layer, expert }: ExpertPlace, memory: Allocate): Promise<ExpertWeights> {
    const { parts, inputsFirst } = expertParts(checkpoint, this.spec, layer, expert);
    const feeds = await readParts(checkpoint, parts, this.format, memory);
    this.bytesRead += bytesOfParts(parts, this.format);
    return { feeds, inputsFirst };
  }

  clear(): void {
    this.kept.clear();
    this.uses.clear();
  }
}

function keyOf({ checkpoint, layer, expert }: ExpertPlace): string {
  return `${layer} ${expert} ${checkpoint.path}`;
}
