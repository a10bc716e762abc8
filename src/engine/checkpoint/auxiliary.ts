/** The text files beside the weights, and what differs in them between checkpoints. */

/** Files that shape what a model does with the same weights. Names as transformers writes them. */
const AUXILIARY_FILES: readonly string[] = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'tokenizer.model',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'vocab.txt',
  'merges.txt',
  'chat_template.json',
  'chat_template.jinja',
  'preprocessor_config.json',
  'image_preprocessor_config.json',
  'video_preprocessor_config.json',
  'processor_config.json',
];

/** Those of `entries` (names in a checkpoint's folder) that are auxiliary files, in the order above. */
export function auxiliaryFiles(entries: readonly string[]): string[] {
  return AUXILIARY_FILES.filter((file) => entries.includes(file));
}
