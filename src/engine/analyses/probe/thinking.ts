/** Which generated tokens are reasoning. */

const [OPEN, CLOSE] = ['<think>', '</think>'];

/**
 * Indices of the tokens inside the thinking span, its tags left out; all tokens where there is no such span, or nothing
 * in it. A span may have been opened by the prompt, and be cut off before its end.
 * @param tokens without the stop token.
 * @param decode special tokens included.
 */
export function reasoningTokens(tokens: readonly number[], decode: (ids: readonly number[]) => string): number[] {
  const all = tokens.map((_, index) => index);
  const text = decode(tokens);
  const [open, close] = [text.indexOf(OPEN), text.indexOf(CLOSE)];
  if (open === -1 && close === -1) return all;
  const begin = open === -1 || (close !== -1 && close < open) ? 0 : open + OPEN.length;
  const end = close === -1 ? text.length : close;
  // Where each token's text ends; a character spread over tokens ends with the last of them.
  const ends = all.map((index) => decode(tokens.slice(0, index + 1)).replace(/\ufffd+$/, '').length);
  const inside = all.filter((index) => (index === 0 ? 0 : ends[index - 1]!) >= begin && ends[index]! <= end);
  return inside.length > 0 ? inside : all;
}
