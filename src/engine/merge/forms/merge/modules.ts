/** Which part of a model a module of mergekit's configs is. */
import { layoutById } from '../../../families/list.js';
import type { Section } from '../../../topology/topology.js';
import type { Source } from '../../compile/types.js';
import { MODULES } from '../../recipe/schema/words.js';
import { sectionsOf } from '../../sections.js';

/** Undefined when the model has no such module. */
export function sectionOfModule(module: string, { checkpoint }: Source): Section | undefined {
  const { language, vision, projector } = layoutById(checkpoint.layout);
  const known = Object.hasOwn(MODULES, module) ? MODULES[module]!.section : undefined;
  // mergekit names the modules of a family that it has no table for by where they lie.
  const inferred = language.roots.includes(module)
    ? 'language'
    : vision.roots.includes(module)
      ? 'vision'
      : projector.includes(module)
        ? 'projector'
        : undefined;
  const section = known ?? inferred;
  if (section === undefined) return undefined;
  const { before, after, layers } = sectionsOf(checkpoint)[section];
  return before.length + after.length + layers.length > 0 ? section : undefined;
}

/** Those of the model. */
export function modulesOf(source: Source): string[] {
  return ['text_decoder', 'vision_tower', 'multi_modal_projector'].filter(
    (name) => sectionOfModule(name, source) !== undefined,
  );
}
