/**
 * Parts of the schemas of results. A file on disk may be damaged, or of another version: a result is held against its
 * schema before anyone reads it.
 */
import * as v from 'valibot';
import type { StageRole } from '../../lineage/roles.js';
import type { Guard } from '../../runs/store.js';
import { COMPONENTS, REGIONS, SECTIONS } from '../../topology/topology.js';

export const text = v.string();
export const amount = v.number();
export const maybe = v.nullable(amount);

/** A text of a few known ones: newer versions may know more. */
export const word = <Word extends string>() => written<Word>({ type: 'string' }, (value) => typeof value === 'string');

/** Long lists are looked at directly: a schema per element takes ten times as long, and results have millions. */
const listOf = <Element>(items: object, isElement: (value: unknown) => boolean) =>
  written<Element[]>({ type: 'array', items }, (value) => Array.isArray(value) && value.every(isElement));

/** A schema by a function, with what the published JSON Schema says of it. */
function written<Value>(jsonSchema: object, isValue: (value: unknown) => boolean) {
  return v.pipe(v.custom<Value>(isValue), v.metadata({ jsonSchema }));
}

const isAmount = (value: unknown) => typeof value === 'number';
const isText = (value: unknown) => typeof value === 'string';
const isFlag = (value: unknown) => typeof value === 'boolean';
const orNull = (isOne: (value: unknown) => boolean) => (value: unknown) => value === null || isOne(value);
export const amounts = listOf<number>({ type: 'number' }, isAmount);
export const maybes = listOf<number | null>({ type: ['number', 'null'] }, orNull(isAmount));
export const texts = listOf<string>({ type: 'string' }, isText);
export const maybeTexts = listOf<string | null>({ type: ['string', 'null'] }, orNull(isText));
export const flags = listOf<boolean>({ type: 'boolean' }, isFlag);
export const wordList = <Word extends string>() => listOf<Word>({ type: 'string' }, isText);

/** A value per name, of names that may be absent. */
export const perName = <Name extends string, Value>(value: v.GenericSchema<unknown, Value>) =>
  v.record(text, value) as unknown as v.GenericSchema<unknown, Partial<Record<Name, Value>>>;
/** A value per name. */
export const perEach = <Name extends string, Value>(value: v.GenericSchema<unknown, Value>) =>
  v.record(text, value) as unknown as v.GenericSchema<unknown, Record<Name, Value>>;
export const cuts = v.tuple([amount, amount]);
export const interval = { n: amount, low: amount, high: amount };

const provenance = v.object({
  runId: text,
  startedAt: text,
  finishedAt: text,
  engine: text,
  onnxruntime: text,
  node: text,
  platform: text,
  inputs: v.optional(text),
});
/** What every result has. */
export const base = { schema: v.literal(1), warnings: texts, provenance };

const section = v.picklist(SECTIONS);
const location = { section, layer: maybe, region: v.nullable(v.picklist(REGIONS)) };
export const layer = { ...location, depth: amount };
export const tensor = { ...location, name: text, depth: maybe, component: v.picklist(COMPONENTS) };
export const region = { region: v.picklist(REGIONS), first: amount, last: amount };
export const ofSection = { section };

/** What results over the stages of a lineage have. */
export const lineage = {
  ...base,
  stages: v.pipe(
    v.array(
      v.object({
        label: text,
        role: v.optional(v.nullable(word<StageRole>())),
        path: text,
        family: text,
        layers: amount,
        visionLayers: amount,
        dtype: text,
        parameters: amount,
        bytes: amount,
        fingerprint: text,
        madeOf: v.optional(v.object({ summary: text, sources: texts })),
      }),
    ),
    v.minLength(2),
  ),
  cuts,
  missing: v.array(
    v.object({
      name: text,
      presentIn: amounts,
      absentIn: amounts,
      shapes: v.array(v.nullable(amounts)),
      reason: text,
    }),
  ),
  files: v.array(
    v.object({ file: text, from: amount, kind: v.picklist(['changed', 'added', 'removed']), keys: texts }),
  ),
};

/** What results over data sets have. */
export const model = { label: text, path: text, family: text, fingerprint: text };
export const overData = {
  ...base,
  data: text,
  dataFingerprint: text,
  maxNewTokens: amount,
  seed: amount,
  grading: v.exactOptional(amount),
};

/** Whether a value from disk is a result, whole. */
export function guardOf<Result>(schema: v.GenericSchema<unknown, Result>): Guard<Result> {
  return (value): value is Result => v.safeParse(schema, value, { abortEarly: true }).success;
}
