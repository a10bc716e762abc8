/** From a conversation with pictures to what the model's graphs take, as the checkpoint's own processor files say. */

/** One picture as the vision tower takes it. */
export interface ProcessedImage {
  /**
   * Normalised, row-major [patches, channels · temporal · patch · patch], in the order of transformers' image
   * processor: patches that the merger joins are neighbours.
   */
  pixelValues: Float32Array;
  /** t, h, w in patches (before merging). */
  grid: readonly [number, number, number];
}

/** A prompt, ready for prefill. */
export interface ProcessedPrompt {
  /** Token ids; every picture's placeholder repeated once per merged patch. */
  inputIds: Int32Array;
  /** In the order of their placeholders. */
  images: ProcessedImage[];
}
