/**
 * What a merge method is: one declaration, from which parser, diagnostics, completion, hovers, schema and docs follow.
 */
import type { Kernel, Parameters } from '../arithmetic/task.js';

export interface MethodParameter {
  name: string;
  type: 'number' | 'integer' | 'boolean';
  /** `shared`: one value per tensor. `model`: one per model. `other`: one per model that is not the base. */
  scope: 'shared' | 'model' | 'other';
  /** Undefined: must be given. Null: nothing is done. */
  default: number | boolean | null | undefined;
  /** Values that make sense, inclusive; others are refused. */
  min?: number;
  max?: number;
  doc: string;
}

/** A parameter's value for one tensor. `model`: the first or the second of two, for a parameter per model. */
export type ValueOf = (parameter: string, model?: 0 | 1) => number | boolean | null | undefined;

/**
 * A merge method. Names, parameters and their defaults are mergekit's (0.1.5), so that its files mean here what they
 * mean there.
 */
export interface MergeMethod<N extends string = string> {
  name: N;
  title: string;
  /** What it does, in a sentence or two. */
  doc: string;
  /** Plain text. W₀: base; Wᵢ: the models; Δᵢ = Wᵢ − W₀; wᵢ: `weight`. */
  formula: string;
  paper: { title: string; url: string } | undefined;
  /** `ignored`: the base is a model like any other. */
  base: 'required' | 'optional' | 'ignored';
  /** How many models it uses, the base counted. */
  models: { min: number; max: number };
  /** How many of them are not the base; as many as there are when left out. */
  others?: { min: number; max: number };
  /** Draws random numbers: the recipe's `seed` counts. */
  random: boolean;
  parameters: readonly MethodParameter[];
  /** Its arithmetic. */
  kernel: Kernel<unknown>;
  /** Whether these parameters leave the only input as it is stored, byte for byte. Never when left out. */
  copies?(models: readonly Parameters[]): boolean;
  /** Why the parameters of one model do not go together, without a full stop; undefined when they do. */
  refusal?(model: Parameters): string | undefined;
  /**
   * How much the second of two models counts, for figures; null where that is no number.
   * @param baseFirst the base is the first of the two.
   */
  fraction?(valueOf: ValueOf, baseFirst: boolean): number | null;
}

/** Declares a method; its name is part of its type. */
export function method<const N extends string>(declaration: MergeMethod<N>): MergeMethod<N> {
  return declaration;
}

/** Any number of models. */
export const ANY = Infinity;
