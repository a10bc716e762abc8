/**
 * Other borders between Early, Mid and Late for a result that is there: pure functions of the result, so that the
 * panel moves borders by itself and nothing is computed or sent for it.
 */
export { recut } from '../engine/analyses/compare/aggregate.js';
export { recutSpectrum } from '../engine/analyses/spectrum/aggregate.js';
export { recutTrajectory } from '../engine/analyses/trajectory/aggregate.js';
