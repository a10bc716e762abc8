/** The recipe language as a JSON Schema. */
import { METHOD_NAMES, METHODS } from '../../../tensors/methods/list.js';
import { MAPS } from './maps.js';
import { alternatives, type KeySpec, type MapSpec, type Shape } from './shapes.js';

/** A JSON Schema (draft 07) of the language, for editors that know nothing but that. */
export function jsonSchema(): Record<string, unknown> {
  const schemaOf = (shape: Shape): Record<string, unknown> => {
    switch (shape.kind) {
      case 'text':
      case 'checkpoint':
      case 'location':
        return { type: 'string' };
      case 'number':
        return { type: 'number' };
      case 'integer':
        return { type: 'integer', ...(shape.min === undefined ? {} : { minimum: shape.min }) };
      case 'boolean':
        return { type: 'boolean' };
      case 'word':
        return { enum: shape.of };
      case 'method':
        return { oneOf: METHOD_NAMES.map((name) => ({ const: name, description: METHODS[name].doc })) };
      case 'layers':
        return { type: 'array', items: { type: 'integer', minimum: 0 }, minItems: 2, maxItems: 2 };
      case 'setting':
        return { $ref: '#/definitions/setting' };
      case 'unsupported':
        return {};
      case 'list':
        return { type: 'array', items: schemaOf(shape.of) };
      case 'map':
        return { $ref: `#/definitions/${shape.map}` };
      case 'record':
        return { type: 'object', additionalProperties: schemaOf(shape.of) };
      case 'either':
        return { anyOf: alternatives(shape).map(schemaOf) };
    }
  };
  const orLeftOut = (schema: Record<string, unknown>, { leftOut }: KeySpec) => {
    if (leftOut === undefined || Object.keys(schema).length === 0) return schema;
    return { anyOf: [schema, { type: 'null' }, ...(leftOut === 'empty' && 'enum' in schema ? [{ const: '' }] : [])] };
  };
  const mapSchema = ({ doc, keys }: MapSpec) => ({
    type: 'object',
    description: doc,
    properties: Object.fromEntries(
      Object.entries(keys).map(([key, spec]) => [
        key,
        { description: spec.doc, ...orLeftOut(schemaOf(spec.shape), spec) },
      ]),
    ),
    required: Object.entries(keys)
      .filter(([, spec]) => spec.required)
      .map(([key]) => key),
    additionalProperties: false,
  });
  const scalar = { type: ['string', 'number', 'boolean'] };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Recipe of a merged checkpoint',
    $ref: '#/definitions/recipe',
    definitions: {
      setting: {
        anyOf: [
          scalar,
          { type: 'array', items: scalar },
          { $ref: '#/definitions/conditional' },
          { type: 'array', items: { $ref: '#/definitions/conditional' } },
        ],
      },
      ...Object.fromEntries(Object.entries(MAPS).map(([name, spec]) => [name, mapSchema(spec)])),
    },
  };
}
