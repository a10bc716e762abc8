/** Which elements of a weight share a scale, by the two shapes and the block sizes that the config names. */

export interface Grid {
  /** Scales per axis of the weight. */
  grid: number[];
  /** Elements per scale and axis; the last block may be cut off. */
  block: number[];
  /** What has one scale, for people: "tensor", "row", "block of 128 × 128". */
  per: string;
}

/** Rows and columns of a block. */
export type BlockSize = readonly [rows: number, columns: number];

/** Of the sizes in use: NVFP4's. */
const LEAST_BLOCK = 16;

/**
 * How scales of shape `scale` lie on a weight of shape `shape`: one for all, one per row, or one per block of rows and
 * columns, in each matrix of a stack.
 * @param blocks sizes that the config names; the first that fits counts.
 * @returns undefined where the shapes fit nothing, or more than one thing.
 */
export function gridOf(
  shape: readonly number[],
  scale: readonly number[],
  blocks: readonly BlockSize[],
): Grid | undefined {
  if (shape.length < 2 || shape.includes(0)) return undefined;
  const ones = shape.map(() => 1);
  if (scale.every((size) => size === 1)) {
    const named = scale.length === shape.length ? blocks.find((block) => isCut(shape, scale, block)) : undefined;
    return { grid: ones, block: [...shape], per: named ? blockName(named) : 'tensor' };
  }
  // Axes that are left out at the end have one scale; a row's scales may be a plain vector.
  const full = [...scale, ...ones].slice(0, shape.length);
  if (scale.length > shape.length) return undefined;
  if (scale.length < shape.length && scale.some((size, axis) => size !== shape[axis])) return undefined;
  const leading = shape.length - 2;
  for (const block of [...blocks, undefined]) {
    const sizes = shape.map((size, axis) =>
      blockOf(size, full[axis]!, axis < leading ? undefined : block?.[axis - leading], axis < leading),
    );
    if (sizes.every((size) => size !== undefined))
      return {
        grid: full,
        block: sizes,
        per: block && isCut(shape, full, block) ? blockName(block) : nameOf(shape, sizes),
      };
  }
  return undefined;
}

/** Elements per scale along an axis of `size` elements and `scales` scales; undefined where it is not known. */
function blockOf(size: number, scales: number, wanted: number | undefined, isStack: boolean): number | undefined {
  if (scales === 1) return size;
  if (scales === size) return 1;
  if (isStack) return undefined;
  if (wanted !== undefined) return Math.ceil(size / wanted) === scales ? wanted : undefined;
  // Nobody names the size. Blocks are powers of two, of which at most one fits; where blocks of an equal, odd size
  // would fit too (two of 96, or one of 128 and one of 64), the shapes do not tell.
  const block = 2 ** Math.floor(Math.log2((size - 1) / (scales - 1)));
  const fits = block >= LEAST_BLOCK && Math.ceil(size / block) === scales;
  return fits && (size % scales !== 0 || size / scales === block) ? block : undefined;
}

/** Whether scales of this shape cut every matrix of a weight into blocks of this size. */
function isCut(shape: readonly number[], scale: readonly number[], block: BlockSize): boolean {
  return block.every((size, axis) => Math.ceil(shape.at(axis - 2)! / size) === scale.at(axis - 2));
}

function nameOf(shape: readonly number[], block: readonly number[]): string {
  const [rows, columns] = block.slice(-2) as [number, number];
  if (columns !== shape.at(-1)) return blockName([rows, columns]);
  return rows === 1 ? 'row' : rows === shape.at(-2) ? 'matrix' : `block of ${rows} rows`;
}

function blockName([rows, columns]: BlockSize): string {
  return rows === 1 ? `group of ${columns}` : `block of ${rows} × ${columns}`;
}
