/** What forms need to write themselves as configs of mergekit. */
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import type { RecipePlan } from '../compile/types.js';
import type { Recipe, Reference } from '../recipe/ast.js';

export interface MergekitContext {
  recipe: Recipe;
  plan: RecipePlan;
  owner: Checkpoint;
  /** What mergekit calls the checkpoint that a reference means. */
  model: (reference: Reference) => string;
  /** What mergekit does otherwise, in sentences. */
  notes: string[];
  /** Why mergekit cannot do it, in sentences. */
  refusals: string[];
}
