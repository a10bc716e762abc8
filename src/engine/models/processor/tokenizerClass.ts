/**
 * How transformers 5 splits text where a tokenizer's class makes it leave a part of tokenizer.json aside
 * (`AutoTokenizer`, transformers 5.24).
 */
import { shown } from '../../checkpoint/failure.js';
import { isRecord, type JsonObject } from './files.js';

/** Families whose tokenizer transformers takes from tokenizer.json, whatever class is named beside it. */
const AS_WRITTEN = ['smolvlm'];

/**
 * GPT2Tokenizer makes its own pre-tokenizer, byte-level splitting alone. SmolLM2 and the first SmolVLM name that class,
 * and their tokenizer.json also splits numbers into digits, as they were trained.
 * @param file tokenizer.json, whose content is `stored` @param config tokenizer_config.json @param family of the model
 * @returns a sentence, or none
 */
export function splittingNotice(
  file: string,
  { pre_tokenizer: splitting }: JsonObject,
  { tokenizer_class: name }: JsonObject,
  family: unknown,
): string[] {
  if (!/^GPT2Tokenizer(?:Fast)?$/.test(String(name)) || AS_WRITTEN.includes(String(family))) return [];
  const others = (isRecord(splitting) ? partsOf(splitting) : []).filter((type) => type !== 'ByteLevel');
  if (others.length === 0) return [];
  return [
    `${shown(file)} also splits text by ${others.join(' and ')}, as it is done here. Because of the class ${String(name)}, ` +
      'transformers 5 leaves that out, so its tokens of such texts differ; transformers 4 did not.',
  ];
}

function partsOf(splitting: JsonObject): string[] {
  const parts = splitting['pretokenizers'];
  return Array.isArray(parts) ? parts.filter(isRecord).flatMap(partsOf) : [String(splitting['type'])];
}
