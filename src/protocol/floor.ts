/** How an update stands against the rounding floor: the engine's definition, for panel, lenses and hovers. */
export { floorRatio, NEAR_FLOOR } from '../engine/analyses/compare/floor.js';
