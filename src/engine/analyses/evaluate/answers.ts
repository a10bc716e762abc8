/** Names of answers. */

/** Of an answer among several to the same prompt. */
export function answerMark(answer: number | undefined): string {
  return answer === undefined ? '' : `#${answer}`;
}
