/** What an evaluation says, in a few sentences: the same from the panel and from the command line. */
export { mainReference, readingOf } from '../engine/analyses/evaluate/reading.js';
