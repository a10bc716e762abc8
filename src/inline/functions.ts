/** What a localization says about a layer, in the words of a lens. Layers are 0-based, as tensor names count them. */
import type { ProbeTask, SwapRate, SwapResult } from '../protocol/engineApi.js';
import { formatRate } from '../protocol/numbers.js';

const NAMES: Record<ProbeTask, string> = {
  counting: 'Counting',
  ocr: 'OCR',
  grounding: 'Grounding',
  recognition: 'Recognition',
};
/** A fall from one layer to the next that is worth a word: well beyond one sample of a few dozen. */
const NOTABLE_FALL = 0.15;

export class Functions {
  private readonly byLayer = new Map<number, SwapRate[]>();
  private readonly mode: SwapResult['mode'];

  /** Of one checkpoint, newest first; where two say something about a function, the newest holds. */
  constructor(results: readonly SwapResult[]) {
    // One way of swapping at a time: the newest's.
    this.mode = results[0]?.mode ?? 'from';
    const seen = new Set<ProbeTask>();
    for (const result of results.filter(({ mode }) => mode === this.mode)) {
      const rates = result.rates.filter(({ task }) => !seen.has(task));
      for (const rate of rates) {
        seen.add(rate.task);
        this.byLayer.set(rate.depth, [...(this.byLayer.get(rate.depth) ?? []), rate]);
      }
    }
  }

  /** `Counting 72 % changed · Counting is read here (−41)` */
  layerText(layer: number): string | undefined {
    const rates = this.byLayer.get(layer);
    if (rates === undefined || rates.length === 0) return undefined;
    const most = Math.max(...rates.map(({ changed }) => changed));
    const peak = rates.filter(({ changed }) => most - changed < 1e-9);
    const names =
      peak.length === rates.length && rates.length > 1
        ? 'all functions'
        : peak.map(({ task }) => NAMES[task]).join(' and ');
    const parts = [`${names} ${formatRate(most)} changed`];
    const read = this.mode === 'from' ? this.steepest(layer, rates) : undefined;
    if (read !== undefined) parts.push(`${NAMES[read.task]} is read here (−${Math.round(100 * read.fall)})`);
    return parts.join(' · ');
  }

  /** Swapped from here on the answer follows the other image, swapped from the next layer on it no longer does. */
  private steepest(layer: number, rates: readonly SwapRate[]): { task: ProbeTask; fall: number } | undefined {
    const next = this.byLayer.get(layer + 1) ?? [];
    const falls = rates.flatMap(({ task, changed }) => {
      const after = next.find((rate) => rate.task === task);
      return after === undefined ? [] : [{ task, fall: changed - after.changed }];
    });
    const steepest = falls.sort((a, b) => b.fall - a.fall)[0];
    return steepest !== undefined && steepest.fall >= NOTABLE_FALL ? steepest : undefined;
  }

  /** `Counting up to layer 11 · OCR up to layer 21`, or where each function peaks. Undefined when nothing is known. */
  modelText(): string | undefined {
    const tasks = [...new Set([...this.byLayer.values()].flat().map(({ task }) => task))];
    const parts = tasks.flatMap((task) => {
      const own = [...this.byLayer.values()].flat().filter((rate) => rate.task === task);
      if (this.mode === 'from') {
        const last = own.filter(({ changed }) => changed >= 0.5).sort((a, b) => b.depth - a.depth)[0];
        return last === undefined ? [] : [`${NAMES[task]} up to layer ${last.depth}`];
      }
      const peak = own.reduce((best, rate) => (rate.changed > best.changed ? rate : best));
      return [`${NAMES[task]} layer ${peak.depth}`];
    });
    return parts.length === 0 ? undefined : parts.join(' · ');
  }
}

/** The language layer a tensor of an index belongs to; undefined for vision blocks and everything outside of layers. */
export function languageLayerOf(tensorName: string): number | undefined {
  if (/(^|\.)(visual|vision_tower|vision_model)\./.test(tensorName)) return undefined;
  const found = /(?:^|\.)layers\.(\d+)\./.exec(tensorName);
  return found === null ? undefined : Number(found[1]);
}
