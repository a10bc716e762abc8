/** What an evaluation says, in a few sentences: the same from the panel and from the command line. */
export {
  ABILITY_NAMES,
  comparisonBetween,
  judgeText,
  mainReference,
  points,
  probability,
  pText,
  readingOf,
  regradeLines,
  servedLines,
  SIGNIFICANT,
} from '../engine/analyses/evaluate/reading.js';
