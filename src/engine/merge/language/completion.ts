/** What completion offers. */
import type { Span } from '../recipe/problem.js';

export interface RecipeCompletion {
  label: string;
  kind: 'key' | 'method' | 'checkpoint' | 'word' | 'filter' | 'layers';
  /** Beside the label. */
  detail: string | undefined;
  /** Plain text: what it means. */
  doc: string | undefined;
  /** A snippet: `$0` is where the cursor goes, `${1:…}` what is filled in; `$`, `}` and `\` of the text are escaped. */
  insert: string;
  /** What it takes the place of. */
  replace: Span;
}

/** What lies around a recipe: completion names it, but works without. */
export interface RecipeSurroundings {
  /** Checkpoints and recipes, as a recipe in that place would write them. */
  checkpoints: readonly { path: string; label: string }[];
  /** Names of tensors of the checkpoints in use, canonical. */
  tensors: readonly string[];
  /** Language layers of the checkpoints in use. */
  layers: number | undefined;
}
