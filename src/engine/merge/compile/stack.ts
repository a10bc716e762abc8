/** Stacks of layers: of which sources, with which method and parameters. */
import type { MethodName } from '../../tensors/methods/list.js';
import type { Section } from '../../topology/topology.js';
import type { LayerRange, Parameter, Reference } from '../recipe/ast.js';
import type { Span } from '../recipe/problem.js';
import { sectionsOf } from '../sections.js';
import type { Source } from './types.js';

/** A source of a stack of layers, with the parameters that it was given. */
export interface StackSource {
  reference: Reference;
  source: Source;
  range: LayerRange;
  parameters: readonly Parameter[];
}

/** Layers of the result and how they are computed. */
export interface Stack {
  sources: StackSource[];
  method: MethodName;
  base: Source | undefined;
  /** Most specific first, below the sources' own. */
  levels: readonly (readonly Parameter[])[];
  span: Span;
}

/** One section of the result. */
export interface SectionStacks {
  section: Section;
  stacks: Stack[];
  /** What gives the tensors before the layers and after them. */
  before: Stack;
  after: Stack;
}

/** All layers of a source in a section. */
export function wholeSource(
  reference: Reference,
  source: Source,
  parameters: readonly Parameter[],
  section: Section,
): StackSource {
  const { length } = sectionsOf(source.checkpoint)[section].layers;
  const { offset } = reference;
  return { reference, source, parameters, range: { value: [0, length], offset, length: reference.length } };
}

/** The same sources with all their layers of another section. */
export function wholeStack(stack: Stack, section: Section): Stack {
  return {
    ...stack,
    sources: stack.sources.map(({ reference, source, parameters }) =>
      wholeSource(reference, source, parameters, section),
    ),
  };
}
