/** What makes a run the same run, for every analysis: equal facts, equal id (`runs/store`). */
import type * as v from 'valibot';
import { notesOf } from './field.js';
import { asked } from './request.js';

type RequestSchema = v.GenericSchema & { entries: v.ObjectEntries };

/**
 * The facts, and every field of the request that they do not cover: a new field changes the run without more code. What
 * belongs to the machine or to the view is left out, and so is a field that has its default: a run that was stored before
 * the field existed stays the same run.
 * @param facts what is computed, and from which checkpoints. Their text is hashed: names and order stay as they are.
 * @param covered fields that the facts state in another form (a draw of samples as the samples' ids), or that do not
 * change what is computed. The checkpoints are always covered.
 */
export function identityOf<S extends RequestSchema>(
  schema: S,
  request: v.InferInput<S>,
  facts: object,
  covered: readonly (keyof v.InferInput<S>)[],
): object {
  const given = asked<v.GenericSchema>(schema, request) as object;
  const more = Object.entries(given).filter(([key]) => {
    const { scope, noun } = notesOf(schema.entries[key]!);
    return scope === undefined && noun === undefined && !covered.includes(key as keyof v.InferInput<S>);
  });
  return { ...facts, ...Object.fromEntries(more) };
}
