/** The memory budget of analyses that read weights. Running a model has its own plan (`models/plan`). */

/** Bytes of a run whose request names none. */
export const DEFAULT_MEMORY = 2 ** 31;
/** Node, V8 and ONNX Runtime before any work (measured: 90 MB), rounded up. */
export const BASE_BYTES = 128 << 20;
