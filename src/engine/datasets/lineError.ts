/** A complaint about the line or row being read. */
export class LineError extends Error {}
