/** Parts of mergekit's configs that several forms write. */
import { familyOf } from '../../families/list.js';
import { sectionsOf } from '../sections.js';
import type { Parameter, Scalar, Setting } from '../recipe/ast.js';
import type { MergekitContext } from './context.js';

export interface SliceEntry {
  model: string;
  layer_range: [number, number];
  parameters?: Record<string, unknown>;
}

/** Slices of the language model, with everything else of the model that gives the first. */
export function around(
  slices: { sources: SliceEntry[] }[],
  first: string,
  extra: Record<string, unknown>,
  { owner, notes }: MergekitContext,
): Record<string, unknown> {
  if (owner.visionLayers === 0 && sectionsOf(owner).projector.before.length === 0)
    return { ...extra, base_model: first, slices };
  const known = familyOf(owner.family)?.mergekitVision;
  const vision = known ?? 'vision_tower';
  if (known === undefined)
    notes.push(
      `mergekit has no table of modules for ${owner.family} and guesses them from the names of the tensors: ` +
        `it may call them otherwise than text_decoder, ${vision} and multi_modal_projector.`,
    );
  const whole = {
    models: [{ model: first, ...(extra['merge_method'] === 'linear' ? { parameters: { weight: 1 } } : {}) }],
  };
  return {
    ...extra,
    base_model: first,
    modules: { text_decoder: { slices }, [vision]: whole, multi_modal_projector: whole },
  };
}

export function parametersOf(parameters: readonly Parameter[]): { parameters?: Record<string, unknown> } {
  if (parameters.length === 0) return {};
  return {
    parameters: Object.fromEntries(
      parameters.map(({ name, setting }) => [name.value, plainSetting(setting, (value) => value)]),
    ),
  };
}

/** The setting as plain data, its numbers mapped. */
export function mapSetting(setting: Setting, change: (value: number) => number): unknown {
  return plainSetting(setting, (value) => change(Number(value)));
}

function plainSetting(setting: Setting, change: (value: Scalar) => Scalar): unknown {
  switch (setting.kind) {
    case 'scalar':
      return change(setting.value);
    case 'gradient':
      return setting.values.map(({ value }) => change(value));
    case 'conditional':
      return setting.cases.map(({ filter, setting: inner }) => ({
        ...(filter ? { filter: filter.value } : {}),
        value: plainSetting(inner, change),
      }));
  }
}
