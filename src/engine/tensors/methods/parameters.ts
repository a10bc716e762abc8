/** Parameters that several merge methods have. */
import type { MethodParameter, ValueOf } from './method.js';

export const WEIGHT: MethodParameter = {
  name: 'weight',
  type: 'number',
  scope: 'other',
  default: undefined,
  doc: 'How much this model counts.',
};
export const DENSITY: MethodParameter = {
  name: 'density',
  type: 'number',
  scope: 'other',
  default: 1,
  min: 0,
  max: 1,
  doc: 'Share of the differences to the base that is kept.',
};
export const LAMBDA: MethodParameter = {
  name: 'lambda',
  type: 'number',
  scope: 'shared',
  default: 1,
  doc: 'Factor of the merged difference before it is added to the base.',
};
export const INT8_MASK: MethodParameter = {
  name: 'int8_mask',
  type: 'boolean',
  scope: 'shared',
  default: false,
  doc: 'How mergekit stores its masks while it computes. The result is the same, and here it does nothing.',
};
export const normalize = (standard: boolean): MethodParameter => ({
  name: 'normalize',
  type: 'boolean',
  scope: 'shared',
  default: standard,
  doc: 'Divide by the sum of the weights that took part.',
});
export const rescale = (standard: boolean): MethodParameter => ({
  name: 'rescale',
  type: 'boolean',
  scope: 'shared',
  default: standard,
  doc: 'Scale what is left of a difference to the sum of magnitudes that it had before.',
});

/** Parameters of the methods that add differences to the base. */
export function parametersOfDifferences(
  standard: { normalize: boolean; rescale: boolean },
  ...more: MethodParameter[]
): MethodParameter[] {
  return [WEIGHT, DENSITY, ...more, normalize(standard.normalize), rescale(standard.rescale), LAMBDA, INT8_MASK];
}

export const GAMMA: MethodParameter = {
  name: 'gamma',
  type: 'number',
  scope: 'other',
  default: 0.01,
  min: 0,
  max: 1,
  doc: 'Share of the largest differences that is removed as outliers.',
};
export const EPSILON: MethodParameter = {
  name: 'epsilon',
  type: 'number',
  scope: 'other',
  default: 0.15,
  min: 0,
  max: 0.5,
  doc:
    'How far the chance to be kept departs from `density`: density − epsilon for the smallest difference of a ' +
    'row, density + epsilon for the largest. Both must lie inside 0 and 1.',
};

/** How much the second of two models counts: its part of the sum of the weights. */
export function fractionOfWeights(valueOf: ValueOf): number | null {
  const [first, second] = [valueOf('weight', 0), valueOf('weight', 1)];
  return typeof first === 'number' && typeof second === 'number' && first + second !== 0
    ? second / (first + second)
    : null;
}

/** Of `ram` and `ramplus_tl`. */
export const LEAST_DIFFERENCE = {
  name: 'epsilon',
  type: 'number',
  scope: 'shared',
  default: 1e-5,
  min: 0,
  doc: 'Smaller differences do not count.',
} as const;
