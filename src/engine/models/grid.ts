/**
 * Geometry of an image's patches: the order in which they come, attention windows, and the mix of learned positions.
 */

/** t, h, w in patches. */
export type Grid = readonly [number, number, number];

/**
 * Row and column of every patch of one frame, in the image processor's order: blocks of `merge` × `merge` that the
 * merger joins, block by block.
 */
export function patchPositions([, height, width]: Grid, merge: number): { rows: Int32Array; columns: Int32Array } {
  const rows = new Int32Array(height * width);
  const columns = new Int32Array(height * width);
  let patch = 0;
  for (let blockRow = 0; blockRow < height; blockRow += merge) {
    for (let blockColumn = 0; blockColumn < width; blockColumn += merge) {
      for (let row = 0; row < merge; row++) {
        for (let column = 0; column < merge; column++, patch++) {
          rows[patch] = blockRow + row;
          columns[patch] = blockColumn + column;
        }
      }
    }
  }
  return { rows, columns };
}

/** Patches in the order of their windows. */
export interface WindowOrder {
  /** Merged patch (block) that comes at each place. */
  blocks: Int32Array;
  /** Blocks per window, in order; none is empty. */
  lengths: number[];
}

/**
 * Windows of `side` × `side` blocks over each frame of `rows` × `columns` blocks; those at the right and lower edge are
 * smaller. Source: `get_vision_window_index` of transformers.
 */
export function windowOrder(times: number, rows: number, columns: number, side: number): WindowOrder {
  const blocks = new Int32Array(times * rows * columns);
  const lengths: number[] = [];
  let location = 0;
  for (let time = 0; time < times; time++) {
    for (let top = 0; top < rows; top += side) {
      for (let left = 0; left < columns; left += side) {
        const begin = location;
        for (let row = top; row < Math.min(top + side, rows); row++) {
          for (let column = left; column < Math.min(left + side, columns); column++)
            blocks[location++] = (time * rows + row) * columns + column;
        }
        lengths.push(location - begin);
      }
    }
  }
  return { blocks, lengths };
}

/**
 * The four entries of a `side` × `side` table nearest to each patch, when the table is stretched over the frame corner
 * to corner, and the fraction of each. Order as `patchPlaces`.
 */
export function tableMix(grid: Grid, merge: number, side: number): { near: Int32Array; share: Float32Array } {
  const { rows, columns } = patchPositions(grid, merge);
  const near = new Int32Array(4 * rows.length);
  const fraction = new Float32Array(4 * rows.length);
  const [, height, width] = grid;
  for (let patch = 0; patch < rows.length; patch++) {
    const y = axisMix(rows[patch]!, height, side);
    const x = axisMix(columns[patch]!, width, side);
    for (let tap = 0; tap < 4; tap++) {
      const [vertical, horizontal] = [tap >> 1, tap & 1];
      near[4 * patch + tap] = y.entries[vertical]! * side + x.entries[horizontal]!;
      fraction[4 * patch + tap] = y.shares[vertical]! * x.shares[horizontal]!;
    }
  }
  return { near, share: fraction };
}

function axisMix(index: number, size: number, side: number): { entries: [number, number]; shares: [number, number] } {
  const at = Math.fround(Math.fround(index * (side - 1)) / Math.max(size - 1, 1));
  const floor = Math.floor(at);
  const rest = Math.fround(at - floor);
  return { entries: [floor, Math.min(floor + 1, side - 1)], shares: [Math.fround(1 - rest), rest] };
}
