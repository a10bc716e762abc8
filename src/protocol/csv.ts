/** Results as CSV: the same tables from the panel and from the command line. */
export { type Cell, csv } from '../engine/report/csv.js';
export { layersCsv, tensorsCsv } from '../engine/analyses/compare/csv.js';
export { spectraCsv } from '../engine/analyses/spectrum/csv.js';
