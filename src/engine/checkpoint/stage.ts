/** How a request names a stage of a lineage. */

export interface StageRequest {
  /** A folder, `config.json`, a shard, `model.safetensors` or the index: all mean "this checkpoint". */
  path: string;
  /** Shown in figures; the folder's name when left out. */
  label?: string | undefined;
  /** The text of a recipe that is no file: what it names is looked up from `path`, a folder. */
  recipe?: string | undefined;
}
