/** The answer inside what a model says. */

/** The part of a text that is the answer, and how it was marked: by a tag, by a box, or not at all. */
export interface GivenAnswer {
  text: string;
  marked: 'tag' | 'box' | undefined;
}

/** Characters that are looked at: the end, where an answer is. Text without end would take time without end. */
const LONGEST = 4000;

/** `<answer>…</answer>`, and the marks that GLM models set around an answer. */
const TAGGED = /<answer>([\s\S]*?)(?:<\/answer>|$)|<\|begin_of_box\|>([\s\S]*?)(?:<\|end_of_box\|>|$)/gi;

/**
 * The part of a text that is the answer: the last `<answer>…</answer>`, or else the last `\boxed{…}`, JSON's "answer",
 * or else what follows the thinking, or else all of it. Boxes that stand side by side are one answer ("\boxed{3},
 * \boxed{5}").
 */
export function givenAnswer(text: string): GivenAnswer {
  // An answer cut off by the token limit still counts, as far as it goes.
  const tagged = [...text.matchAll(TAGGED)]
    .at(-1)
    ?.slice(1)
    .find((inside) => inside !== undefined);
  const said = (tagged ?? afterThinking(text)).slice(-LONGEST);
  const box = lastBoxed(said);
  if (box !== undefined) return { text: box.trim(), marked: 'box' };
  const [, quoted, bare] = [...said.matchAll(/"(?:final_)?answer"\s*:\s*(?:"([^"\n]*)"|(-?[\d.]+))/gi)].at(-1) ?? [];
  if (quoted !== undefined || bare !== undefined) return { text: (quoted ?? bare)!.trim(), marked: 'tag' };
  return { text: said.trim(), marked: tagged === undefined ? undefined : 'tag' };
}

/** The text of `givenAnswer`. */
export function answerIn(text: string): string {
  return givenAnswer(text).text;
}

/** What follows the last `</think>`; text that never stops thinking has no answer. */
export function afterThinking(text: string): string {
  const end = text.lastIndexOf('</think>');
  if (end !== -1) return text.slice(end + '</think>'.length);
  const begin = text.indexOf('<think>');
  return begin === -1 ? text : text.slice(0, begin);
}

/** What may stand between the boxes of one answer. */
const BETWEEN_BOXES = /^[\s$]*(?:,|;|\\quad|\\text\{\s*(?:and|or)\s*\}|,?\s*\b(?:and|or)\b)?[\s$]*$/;

/** What stands before a box that is no answer: "(Not \boxed{12}.)" */
const DENIED_BOX = /(?:\bnot|n't|\bnever)\s+[$\\([]*$/i;

/** The content of the last box that is not empty, with those of the boxes just before it. */
function lastBoxed(text: string): string | undefined {
  const boxes = boxesIn(text).filter(
    ({ content, begin }) => content.trim() !== '' && !DENIED_BOX.test(text.slice(0, begin)),
  );
  let at = boxes.length - 1;
  if (at < 0) return undefined;
  while (at > 0 && BETWEEN_BOXES.test(text.slice(boxes[at - 1]!.end, boxes[at]!.begin))) at--;
  const contents = [...new Set(boxes.slice(at).map(({ content }) => (lastBoxed(content) ?? content).trim()))];
  // The percent sign often stands behind the box.
  const percent = /^\s*\\?%/.test(text.slice(boxes.at(-1)!.end)) ? '\\%' : '';
  return contents.join(', ') + percent;
}

/** `\boxed{…}`, `\fbox{…}` and `\boxed 5`, braces inside matched. A box that is never closed reaches to the end. */
function boxesIn(text: string): { content: string; begin: number; end: number }[] {
  const found: { content: string; begin: number; end: number }[] = [];
  const opening = /\\(?:boxed|fbox|framebox)\s*(?:(\{)|(?=[\d.\-A-Za-z\\])(\S+?)(?=[\s$]|\.?$))/g;
  for (let match = opening.exec(text); match !== null; match = opening.exec(text)) {
    const closed = match[1] === undefined ? opening.lastIndex : closingBrace(text, opening.lastIndex);
    const end = closed ?? text.length;
    const content = match[2] ?? text.slice(opening.lastIndex, closed === undefined ? end : end - 1);
    found.push({ content, begin: match.index, end });
    opening.lastIndex = end;
  }
  return found;
}

/** The index after the brace that closes what begins at `from`; undefined where there is none. */
function closingBrace(text: string, from: number): number | undefined {
  for (let at = from, depth = 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '{') depth++;
    else if (text[at] === '}' && --depth === 0) return at + 1;
  }
  return undefined;
}

/** Without Markdown's emphasis and headings: they stand between "answer" and its colon. */
export function unmarked(text: string): string {
  return text
    .replace(/\*\*|__|`/g, '')
    .replace(/(^|[\s(])\*(\S[^*\n]*?)\*(?=[\s).,:;!?]|$)/g, '$1$2')
    .replace(/^#{1,6} +/gm, '');
}

const ANNOUNCEMENT =
  /(?:\b(?:answers?|results?)\b(?:\s+(?:is|are|equals|would be|should be|must be|will be)\b|\s*[:=]|\s*\n)|^\s*####|答案(?:是|为)?)\s*[:：]?\s*((?!not\b)\S[^\n]*)/gim;

const ANY_VALUE = String.raw`(?:\$[^$]*\$|\\\(.*?\\\)|[-−]?[\d.,]*\d)`;
const DENIED_BEFORE = new RegExp(
  String.raw`\b(?:(?:not|cannot|can't|never|doubt)(?:\s+(?:it(?:'s| is)|be))?|n't|isn't)\s+${ANY_VALUE}`,
  'g',
);
const DENIED_BEHIND = new RegExp(String.raw`${ANY_VALUE}\s+(?:is|was|would be)\s+(?:wrong|incorrect|false)\b`, 'g');

/** Without the values that a text denies: "not 12", "12 is wrong". */
export function undenied(text: string): string {
  return text.replace(DENIED_BEFORE, 'not').replace(DENIED_BEHIND, 'not');
}

/** "The answer is: X" → X; undefined when the text has no such words. What it is not is no announcement. */
export function announced(text: string): string | undefined {
  return [...unmarked(text).matchAll(ANNOUNCEMENT)].at(-1)?.[1]?.trim();
}

/** A formula that a text sets apart: `$…$`, `$$…$$`, `\(…\)`, `\[…\]`. Amounts of money are none. */
export const FORMULA =
  /\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\]|\\\(([\s\S]+?)\\\)|(?<!\\)\$(?!\s)((?:[^$\n\\]|\\.)*?(?:[^\s$\\]|\\.))\$(?!\d)/g;

/** For comparing words: compatibility forms and case folded, spaces joined, quotes and full stops around it gone. */
export function normalised(text: string): string {
  const plain = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\\(?:text|textbf|mathrm|mathbf)\{([^{}]*)\}/g, '$1')
    .replace(/\s+/g, ' ')
    .trim();
  // The point of ".5" is no full stop.
  const bare = plain.replace(/^(?:[\s"'`“”‘’«»*$,;:!?()[\]]|\.(?!\d))+|[\s"'`“”‘’«»*$.,;:!?()[\]]+$/g, '');
  return bare === '' ? plain : bare;
}
