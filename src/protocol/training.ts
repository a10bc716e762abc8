/** Names of trainers' series, for whoever shows them. */
export { SERIES } from '../engine/training/series.js';
