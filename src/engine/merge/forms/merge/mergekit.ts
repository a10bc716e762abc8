/** A merge as a config of mergekit: the same, with paths for roles. */
import type { MergekitContext } from '../../mergekit/context.js';
import { parametersOf } from '../../mergekit/parts.js';
import type { MergeBody, MergeForm } from '../../recipe/ast.js';

export function mergeConfig(form: MergeForm, { recipe, model, notes }: MergekitContext): Record<string, unknown> {
  if (recipe.seed !== 0)
    notes.push(
      'mergekit takes the seed of random masks on its command line (--random-seed), and draws other masks from it.',
    );
  const bodyOf = (body: MergeBody) =>
    body.kind === 'models'
      ? { models: body.models.map((one) => ({ model: model(one.model), ...parametersOf(one.parameters) })) }
      : {
          slices: body.slices.map(({ sources, base, parameters }) => ({
            sources: sources.map((one) => ({
              model: model(one.model),
              layer_range: one.layers.value,
              ...parametersOf(one.parameters),
            })),
            ...(base ? { base_model: model(base) } : {}),
            ...parametersOf(parameters),
          })),
        };
  const { body } = form;
  return {
    merge_method: form.method.value,
    ...(form.base ? { base_model: model(form.base) } : {}),
    ...(body.kind === 'modules'
      ? {
          modules: Object.fromEntries(
            body.modules.map(({ name, body: inner, parameters }) => [
              name.value,
              { ...bodyOf(inner), ...parametersOf(parameters) },
            ]),
          ),
        }
      : bodyOf(body)),
    ...parametersOf(form.parameters),
  };
}
