/** Which of the choices a text means: by letter, by its words, or by its value. */
import { announced, FORMULA, givenAnswer, normalised, unmarked } from './answer.js';
import { sameMathematics } from './mathematics.js';

type Choices = readonly string[] | undefined;

/** The index of the choice that is the truth: its words, its letter, or both; undefined where it is none of them. */
export function trueChoice(truth: string, choices: Choices): number | undefined {
  return exactly(truth, bare(choices)) ?? valued(truth, bare(choices));
}

/**
 * The index of the choice that a text gives: its letter, its words, or its value; the letter's place where the choices
 * are not known. Undefined where it gives none, or more than one.
 */
export function choiceIn(text: string, given: Choices): number | undefined {
  const choices = bare(given);
  const { text: answer } = givenAnswer(text);
  const said = announced(answer);
  for (const candidate of said === undefined ? [answer] : [said, said.split(/[.;](?=\s|$)/)[0]!]) {
    const direct = exactly(candidate, choices);
    if (direct !== undefined) return direct ?? undefined;
    const value = valued(candidate, choices);
    if (value !== undefined) return value;
  }
  const whole = unmarked(answer);
  const letter = lettered(said ?? whole, choices);
  if (letter !== undefined) return letter ?? undefined;
  return (
    mentioned(said ?? whole, choices) ?? (said === undefined ? undefined : (lettered(whole, choices) ?? undefined))
  );
}

/** Between the letters of an answer of several choices, and around them. */
const AROUND_LETTERS =
  /\b(?:the|correct|right|true|options?|choices?|answers?|statements?|are|is|both|so|thus|therefore|and)\b|[\s()[\]{},;:&/$.*"'\\]/gi;

/**
 * The letters of an answer that is several choices ("AC", "A, C", "(A) and (C)"), in the alphabet's order; undefined
 * for an answer of another kind. A truth is of this kind only where it is none of the choices (`trueChoice`).
 */
export function severalIn(text: string, given: Choices): string | undefined {
  const choices = bare(given);
  const { text: answer } = givenAnswer(text);
  const said = announced(answer);
  const last = answer.trim().split('\n').at(-1)!;
  for (const candidate of said === undefined ? [answer, last] : [said, said.split(/[.;](?=\s|$)/)[0]!]) {
    const letters = [...withoutWords(candidate, choices)]
      .filter((letter, at, all) => all.indexOf(letter) === at)
      .sort();
    if (letters.length > 1 && letters.every((letter) => /[A-Z]/.test(letter) && inRange(letter, choices) !== undefined))
      return letters.join('');
  }
  return undefined;
}

/** Without the words of a choice behind its letter, and without what joins letters. */
function withoutWords(text: string, choices: Choices): string {
  let letters = unmarked(text).replace(/\\(?:text|textbf|mathrm|mathbf)\s*\{([^{}]*)\}/g, '$1');
  for (const [index, choice] of (choices ?? []).entries())
    for (const mark of [')', '.', ':'])
      letters = letters.replaceAll(`${letterOf(index)}${mark} ${choice}`, letterOf(index));
  // Small letters are words, unless they stand alone.
  return letters
    .replace(/(?<![A-Za-z])([a-j])(?![A-Za-z])/g, (letter) => letter.toUpperCase())
    .replace(AROUND_LETTERS, '');
}

/** "A. 3", "(B) 4": choices that carry their own letters, without. */
function bare(choices: Choices): Choices {
  const own = choices?.map((choice, index) => {
    const [, letter, rest] = /^\s*\(?([A-Za-z])\s*[).:]\s*(\S.*)$/s.exec(choice) ?? [];
    return letter?.toUpperCase() === letterOf(index) ? rest! : undefined;
  });
  return own !== undefined && own.every((choice) => choice !== undefined) ? own : choices;
}

function letterOf(index: number): string {
  return String.fromCharCode(65 + index);
}

/**
 * The words of one choice, one letter, or a letter and what follows it; null where that is another choice's words.
 */
function exactly(given: string, choices: Choices): number | null | undefined {
  const text = unmarked(given)
    .replace(/\\(?:text|textbf|mathrm|mathbf)\s*\{([^{}]*)\}/g, '$1')
    .replace(/\\[()[\]]/g, '')
    .trim();
  const words = normalised(text);
  if (words === '') return undefined;
  const same = indexOf(words, choices);
  if (same !== undefined) return same;
  const letter = /^([a-z])$/.exec(words)?.[1];
  if (letter !== undefined) return inRange(letter, choices);
  const [, parenthesised, dotted, rest = ''] =
    /^[\s$*]*(?:\(([A-Za-z])\)|([A-Za-z])\s*[).:])(?![A-Za-z\d]*\))\s*(.*)$/s.exec(text) ?? [];
  const marked = parenthesised ?? dotted;
  if (marked === undefined) return undefined;
  const index = inRange(marked, choices);
  const first = normalised(rest.split('\n')[0]!);
  const other = indexOf(first, choices) ?? valued(rest.split('\n')[0]!, choices);
  if (other !== undefined) return other !== index || echoed(rest, choices) ? null : index;
  // "(A)(B)", "A: no. B: yes.": the letters are weighed together.
  const further = lettered(rest, choices);
  return negated(rest) || (further !== undefined && further !== index) ? undefined : index;
}

/** Whether lines below the first begin with the letters of other choices and say no more than these. */
function echoed(rest: string, choices: Choices): boolean {
  const lines = rest
    .split('\n')
    .slice(1)
    .filter((line) => line.trim() !== '');
  return (
    lines.length > 0 &&
    lines.every((line) => {
      const [, letter, words] = /^[\s*-]*\(?([A-Z])\s*[).:]\s*(.*)$/.exec(line) ?? [];
      return letter !== undefined && indexOf(normalised(words!), choices) === inRange(letter, choices);
    })
  );
}

function indexOf(words: string, choices: Choices): number | undefined {
  const at = choices?.findIndex((choice) => normalised(choice) === words) ?? -1;
  return at === -1 || words === '' ? undefined : at;
}

/** The only choice of the same value: "12.0" for 12, "60" for 60°. */
function valued(given: string, choices: Choices): number | undefined {
  if (!/\d|\\/.test(given) || given.length > 200) return undefined;
  const formula = [...given.matchAll(FORMULA)];
  const text = formula.length === 1 ? formula[0]!.slice(1).find((group) => group !== undefined)! : given;
  const same = (choices ?? []).flatMap((choice, index) => (sameMathematics(text, choice) ? [index] : []));
  return same.length === 1 ? same[0] : undefined;
}

/** What says that a choice is not the one. */
function negated(after: string): boolean {
  // "C, not B" says what B is.
  if (/^[\s)*]*,\s*(?:and )?not\s+(?:option\s+)?\(?[A-Z]\b/.test(after)) return false;
  return (
    /^[\s,)*:]*no\b/i.test(after) ||
    // "C because the others are too small" says nothing against C.
    /^(?:(?!\b(?:because|since|as|while|whereas|others?|rest)\b)[^\n.,;()A-Z]){0,40}(?:\b(?:is|are)|[-–:]) (?:too\b|wrong|incorrect|false|not (?:right|correct))/.test(
      after,
    ) ||
    /^[\s,)*]*(?:(?:is|are|was|seems?|looks?|would be)\s+)?(?:not\b|n't|incorrect\b|wrong|false|too\b|impossible|ruled out|eliminated|does(?:n't| not)|do(?:n't| not)|can(?:'t|not)|isn't|fails?)/i.test(
      after,
    )
  );
}
const DENIED =
  /\b(?:not|neither|nor|isn't|eliminate|exclude|rule out|reject|than|unlike|except|cannot be|can't be|(?:don't|doesn't|do not) (?:think|believe)(?: that)?(?: it(?:'s| is))?|doubt(?: that)?(?: it(?:'s| is))?)\s+(?:\w+\s+)?(?:the\s+)?(?:(?:option|choice|answer)\s+)?[("'*]*$/i;
/** Letters that name something in the question. */
const THING =
  /\b(?:point|side|angle|line|figure|fig\.?|triangle|circle|vertex|segment|arc|plane|set|event|vitamin|plan|type|class|group|grade|team|person|box|object|region|area|block|city|town|node|box|hepatitis|section|part|graph|panel|table|row|column|and|of|to|from|between)\s+[("'*]*$/i;
const CONCLUSION =
  /\b(?:so|thus|therefore|hence|choose|chose|select|pick|answer|correct|right|best|final|conclu\w+|must be)\b[^.\n]*$/i;

/**
 * The letter that a text comes to: marked ("(B)", "option B"), or else standing alone; null where there are several.
 */
function lettered(text: string, choices: Choices): number | null | undefined {
  // "A or C", "both B and C": what is said of the first is said of the second.
  let joined: { letter: string; marked: boolean; concluded: boolean; end: number } | undefined;
  const found = [...text.matchAll(/(?<![\w'’\\{^_])(\()?([A-Z])(?:(\))|(?![\w'’(]))/g)].flatMap((match) => {
    const [all, open, letter = '', closed] = match;
    const [before, after] = [text.slice(0, match.index), text.slice(match.index + all.length)];
    if (inRange(letter, choices) === undefined || DENIED.test(before) || negated(after)) return [];
    const first = joined;
    joined = undefined;
    const paired = first !== undefined && /^\s*(?:,|&|\/|,?\s*(?:and|or))\s*$/.test(text.slice(first.end, match.index));
    const named = /\b(?:options?|choices?|answer|choose|select|pick|is|be)\s*:?\s*[("'*]*$/i.test(before);
    const marked = (open !== undefined && closed !== undefined) || named || (paired && first.marked);
    if (!marked && !paired && THING.test(before)) return [];
    // The article and the pronoun.
    if (!marked && letter === 'I') return [];
    if (
      letter === 'A' &&
      open === undefined &&
      /^\s+[a-z]/.test(after) &&
      !/^\s+(?:is|because|since|as|fits|seems|matches|or [A-Z]\b|and [A-Z]\b)/.test(after)
    )
      return [];
    const concluded =
      CONCLUSION.test(before) ||
      /^\s*(?:is|must be) (?:the )?(?:correct|right|best|answer)/i.test(after) ||
      (paired && first.concluded);
    joined = { letter, marked, concluded, end: match.index + all.length };
    return [joined];
  });
  const readings = [
    found.filter(({ marked, concluded }) => marked && concluded),
    found.filter(({ marked }) => marked),
    found.filter(({ concluded }) => concluded),
    found,
  ].map((some) => new Set(some.map(({ letter }) => letter)));
  const [only] = readings.find(({ size }) => size === 1) ?? [];
  if (only !== undefined) return inRange(only, choices);
  return found.length > 0 ? null : undefined;
}

/** The only choice whose words the answer holds; yes and no by the first of them. */
function mentioned(text: string, choices: Choices): number | undefined {
  const plain = (one: string) =>
    normalised(one)
      .replace(/(?<![\p{L}\p{N})])[-−](?=[\d.])/gu, 'minus ')
      .replace(/[^\p{L}\p{N}.°%]+/gu, ' ')
      .replace(/\.(?!\d)/g, ' ')
      .replace(/\s+/g, ' ')
      .trim();
  let words = ` ${plain(text)} `;
  const names = (choices ?? []).map(plain);
  const first = names.indexOf(words.trim().split(' ')[0]!);
  if (
    first !== -1 &&
    names.length > 0 &&
    /^(?:yes|no|true|false)$/.test(names[first]!) &&
    /^\W*\w+\W*(?:[,.;:!\n]|$)/.test(text)
  )
    return first;
  const found: number[] = [];
  // Longer ones first: "dark green" is no mention of "green".
  for (const index of names.map((_, at) => at).sort((a, b) => names[b]!.length - names[a]!.length)) {
    const name = ` ${names[index]!} `;
    const at = words.indexOf(name);
    if (names[index] === '' || at === -1) continue;
    const [before, behind] = [words.slice(0, at), words.slice(at + name.length)];
    const denied =
      / (?:not|no|neither|nor|isn t|than|never)(?: (?:in|on|at|to|of))?(?: \w+)?$/.test(before) &&
      !/^(?:no|not|none)\b/.test(names[index]!);
    if (!denied && !/^(?:is|are|was) (?:wrong|incorrect|false|not)\b/.test(behind)) found.push(index);
    words = words.replaceAll(name, ' · ');
  }
  return found.length === 1 ? found[0] : undefined;
}

function inRange(letter: string, choices: Choices): number | undefined {
  const index = letter.toUpperCase().charCodeAt(0) - 65;
  return choices === undefined || index < choices.length ? index : undefined;
}
