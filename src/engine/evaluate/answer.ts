/** The answer inside what a model says. */

/**
 * The part of a text that is the answer: the last `<answer>…</answer>`, or else the last `\boxed{…}`, or else what follows
 * the thinking, or else all of it.
 */
export function answerIn(text: string): string {
  // An answer cut off by the token limit still counts, as far as it goes.
  const tagged = [...text.matchAll(/<answer>([\s\S]*?)(?:<\/answer>|$)/gi)].at(-1)?.[1];
  const said = tagged ?? afterThinking(text);
  return (lastBoxed(said) ?? said).trim();
}

/** What follows the last `</think>`; text that never stops thinking has no answer. */
export function afterThinking(text: string): string {
  const end = text.lastIndexOf('</think>');
  if (end !== -1) return text.slice(end + '</think>'.length);
  const begin = text.indexOf('<think>');
  return begin === -1 ? text : text.slice(0, begin);
}

/** The content of the last `\boxed{…}` or `\fbox{…}`, braces inside it matched. */
function lastBoxed(text: string): string | undefined {
  const start = Math.max(text.lastIndexOf('\\boxed{'), text.lastIndexOf('\\fbox{'));
  if (start === -1) return undefined;
  const begin = text.indexOf('{', start) + 1;
  for (let at = begin, depth = 1; at < text.length; at++) {
    if (text[at] === '{') depth++;
    else if (text[at] === '}' && --depth === 0) return text.slice(begin, at);
  }
  return text.slice(begin);
}

/** "The answer is: X" → X; undefined when the text has no such words. */
export function announced(text: string): string | undefined {
  return [...text.matchAll(/\banswer\b(?:\s+is|\s*[:=])\s*:?\s*([^\n]+)/gi)].at(-1)?.[1]?.trim();
}

/** For comparing words: compatibility forms and case folded, spaces joined, quotes and full stops around it gone. */
export function normalised(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\\text\{([^{}]*)\}/g, '$1')
    .replace(/\s+/g, ' ')
    .replace(/^[\s"'`“”‘’«»*$.,;:!?()[\]]+|[\s"'`“”‘’«»*$.,;:!?()[\]]+$/g, '');
}
