/** What a trajectory says, in a few sentences: the same from the panel and from the command line. */
export { halfwayOf, isNearFloor, trajectoryReading } from '../engine/analyses/trajectory/reading.js';
export { stepsCsv } from '../engine/analyses/trajectory/csv.js';
