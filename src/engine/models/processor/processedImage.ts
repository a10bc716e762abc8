/** One image as the vision tower takes it. */
export interface ProcessedImage {
  /**
   * Normalised, row-major [patches, channels · temporal · patch · patch], in the order of transformers' image
   * processor: patches that the merger joins are neighbours.
   */
  pixelValues: Float32Array;
  /** t, h, w in patches (before merging). */
  grid: readonly [number, number, number];
}
