/** How an image is made up as the vision tower takes it. */
export interface ImageShape {
  /** t, h, w in patches (before merging). */
  grid: readonly [number, number, number];
  /** Where an image is cut into squares: columns and rows of them. */
  tiles?: readonly [number, number];
}

/** One image as the vision tower takes it. */
export interface ProcessedImage extends ImageShape {
  /**
   * Normalised, row-major [patches, channels · temporal · patch · patch]: patches that become one token are neighbours,
   * in the order of transformers' image processor where that cuts patches.
   */
  pixelValues: Float32Array;
}

/** The same for images of one shape. */
export function shapeKey({ grid, tiles }: ImageShape): string {
  return [...grid, ...(tiles ?? [])].join();
}
