/** The grid that weights are stored on: where its steps are, and which grid a file really uses. */
import type { Dtype } from '../../../checkpoint/checkpoint.js';
import { PRECISION } from '../../compare/sums.js';

export interface Grid {
  /** Bits after the leading one. */
  mantissa: number;
  /** Exponent of the smallest normal number. */
  minExponent: number;
}

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer); // little-endian: [low, high]

/** log₂ of the unit in the last place of a finite value on the grid. */
export function stepExponent(value: number, { mantissa, minExponent }: Grid): number {
  double[0] = value;
  return Math.max(((words[1]! >>> 20) & 0x7ff) - 1023, minExponent) - mantissa;
}

/** Fewer numbers other than zero do not tell which grid they are from. */
const TELLING = 256;

/**
 * Which bits of the mantissa a sample of weights uses: a checkpoint in fp32 that was made from bf16 is still on that
 * grid.
 */
export class UsedBits {
  private high = 0;
  private low = 0;
  private seen = 0;

  add(value: number): void {
    if (value === 0) return;
    double[0] = value;
    this.high |= words[1]! & 0xfffff;
    this.low |= words[0]!;
    this.seen++;
  }

  /** The grid in use; undefined for integers, which are not rounded. */
  grid(dtype: Dtype): Grid | undefined {
    const stored = PRECISION[dtype];
    if (stored === undefined || this.seen < TELLING) return stored;
    const used = this.low !== 0 ? 52 - trailingZeros(this.low) : this.high !== 0 ? 20 - trailingZeros(this.high) : 0;
    return used > 0 && used < stored.mantissa ? { ...stored, mantissa: used } : stored;
  }
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}
