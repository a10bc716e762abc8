/**
 * Merge: a config of mergekit. A method, and what it is applied to: models, slices of layers, or modules of the model.
 */
import { shown } from '../../../checkpoint/failure.js';
import type { MergeForm } from '../../recipe/ast.js';
import type { RecipeForm } from '../form.js';
import { bodiesOf, referencesOfBody } from './bodies.js';
import { checkMerge } from './check.js';
import { diagnoseEnds } from './diagnose.js';
import { layoutOfMerge } from './layout.js';
import { mergeConfig } from './mergekit.js';
import { readMerge } from './read.js';

export const merge: RecipeForm<MergeForm> = {
  kind: 'merge',
  stands: () => true,
  read: readMerge,
  check: checkMerge,
  references: (form) => [...(form.base === undefined ? [] : [form.base]), ...bodiesOf(form).flatMap(referencesOfBody)],
  layout: layoutOfMerge,
  diagnose: diagnoseEnds,
  summary: ({ method }, { sources }) => `${method.value} of ${sources.map(({ label }) => shown(label)).join(', ')}`,
  toMergekit: mergeConfig,
};
