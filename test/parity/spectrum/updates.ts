/**
 * Weights and updates of many kinds from integer hashes. `make_correction_expectations.py` has the same arithmetic in
 * NumPy, operation by operation, so that both make the same numbers and none need to be stored.
 */
import type { Known } from '../../unit/spectrum/matrices.js';
import { bell } from '../hashed.js';

export interface MadeUpdate {
  rows: number;
  columns: number;
  weights:
    'gaussian' | 'flat' | 'laplace' | 'student' | 'outlier rows' | 'outlier columns' | 'uneven rows' | 'uneven columns';
  update:
    | 'low rank'
    | 'halving'
    | 'power law'
    | 'few rows'
    | 'few columns'
    | 'low rank and noise'
    | 'noise'
    | 'signs'
    | 'along the weights';
  /** Directions of the update, where its kind leaves that open. */
  rank: number;
  seed: number;
}

const SIZE = 0.02;
const square = (value: number) => value * value;

export function weightsOf({ rows, columns, weights, seed }: MadeUpdate): Known {
  const other = (number: number, index: number) => square(bell(seed + number, index));
  const at = (row: number, column: number, index: number): number => {
    const own = bell(seed, index);
    switch (weights) {
      case 'gaussian':
        return own;
      // Little more than one octave.
      case 'flat':
        return own < 0 ? -1 - other(1, index) / 16 : 1 + other(1, index) / 16;
      case 'laplace':
        return own * Math.sqrt(other(1, index) + other(2, index));
      // Three degrees of freedom: the fourth moment does not exist.
      case 'student':
        return own / Math.sqrt(other(1, index) + other(2, index) + other(3, index) + 0.01);
      case 'outlier rows':
        return row % 37 === 5 ? 12 * own : own;
      case 'outlier columns':
        return column % 97 === 11 ? 30 * own : own;
      case 'uneven rows':
        return own * (0.2 + other(1, row));
      case 'uneven columns':
        return own * (0.2 + other(1, column));
    }
  };
  return {
    rows,
    columns,
    values: Float64Array.from(
      { length: rows * columns },
      (_, index) => SIZE * at(Math.floor(index / columns), index % columns, index),
    ),
  };
}

/** Of any size: it is multiplied with the case's factor before it is added. */
export function updateOf(one: MadeUpdate): Known {
  const { rows, columns, update, rank, seed } = one;
  const values = new Float64Array(rows * columns);
  const add = (
    directions: number,
    fraction: (direction: number) => number = () => 1,
    holds: (row: number, column: number) => boolean = () => true,
  ) => {
    for (let direction = 0; direction < directions; direction++) {
      const right = Float64Array.from({ length: columns }, (_, column) =>
        bell(seed + 11, direction * columns + column),
      );
      for (let row = 0; row < rows; row++) {
        const left = bell(seed + 10, row * directions + direction) * fraction(direction);
        for (let column = 0; column < columns; column++)
          if (holds(row, column)) values[row * columns + column]! += left * right[column]!;
      }
    }
  };
  const noise = (size: number) =>
    values.forEach((value, index) => (values[index] = value + size * bell(seed + 12, index)));
  switch (update) {
    case 'low rank':
      add(rank);
      break;
    case 'halving':
      add(12, (direction) => 2 ** -direction);
      break;
    case 'power law':
      add(Math.min(rows, columns, 64), (direction) => 1 / (1 + direction));
      break;
    case 'few rows':
      add(rank, undefined, (row) => row % 8 === 3);
      break;
    case 'few columns':
      add(rank, undefined, (_, column) => column % 6 === 1);
      break;
    case 'low rank and noise':
      add(rank);
      noise(Math.sqrt(rank));
      break;
    case 'noise':
      noise(1);
      break;
    // As of an optimizer that moves every weight by as much.
    case 'signs':
      add(rank);
      values.forEach((value, index) => (values[index] = value < 0 ? -1 : 1));
      break;
    case 'along the weights': {
      add(rank);
      const weights = weightsOf(one);
      values.forEach((value, index) => (values[index] = value * Math.abs(weights.values[index]!)));
      break;
    }
  }
  return { rows, columns, values };
}
