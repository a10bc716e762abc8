/** Names of trainers' series, for whoever shows them. */
export { SERIES } from '../engine/training/series.js';
export { trainingCsv } from '../engine/training/report.js';
