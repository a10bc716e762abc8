/** What looking for checkpoints finds. */

/** A checkpoint found in a folder tree or the Hugging Face cache. */
export interface FoundCheckpoint {
  path: string;
  /** `org/name@revision` in the cache, the path relative to its root elsewhere. */
  label: string;
  /** Of an adapter: `LORA`, or what else its config calls it. Of a recipe: `recipe`. */
  family: string;
  bytes: number;
  source: 'workspace' | 'huggingface-cache';
  /** What an adapter's config names as its base; empty where it names none. Undefined for a whole checkpoint. */
  adapterOf?: string | undefined;
}
