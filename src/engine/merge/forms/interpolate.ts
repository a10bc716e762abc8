/** Interpolate: a checkpoint with some layers moved towards another. */
import type { MethodParameter } from '../../tensors/methods/method.js';
import type { Compilation } from '../compile/context.js';
import { checkedRange, diagnoseFilters } from '../compile/diagnose.js';
import { type Layout, layoutWithChanges, type Slot } from '../compile/layout.js';
import { spellings } from '../compile/names.js';
import { areRelated } from '../compile/related.js';
import type { MergekitContext } from '../mergekit/context.js';
import { around, mapSetting } from '../mergekit/parts.js';
import type { InterpolateForm, Parameter } from '../recipe/ast.js';
import { checkNotEmpty, layersOf, mapOf, settingOf, spanOf, textOf, valueOf, wordOf } from '../recipe/nodes.js';
import type { Report } from '../recipe/problem.js';
import type { KeySpec, MapSpec } from '../recipe/schema/shapes.js';
import { PARTS } from '../recipe/schema/words.js';
import { entryOf, type MapNode } from '../recipe/tree.js';
import { isInPart, sectionsOf } from '../sections.js';
import { resolveParameter } from '../settings.js';
import { CHANGED_LAYERS } from './changedLayers.js';
import type { RecipeForm } from './form.js';

export const INTERPOLATE_KEY: KeySpec = {
  shape: { kind: 'map', map: 'interpolate' },
  origin: 'recipe',
  doc: 'Checkpoint a with some layers moved towards b: (1 − alpha) · a + alpha · b.',
  example: '{a: in, b: rl, alpha: 0.5, layers: [9, 18]}',
};

export const INTERPOLATE: MapSpec = {
  doc: '(1 − alpha) · a + alpha · b in the layers named, a everywhere else.',
  keys: {
    a: {
      shape: { kind: 'checkpoint' },
      origin: 'recipe',
      required: true,
      doc: 'Where alpha = 0 is, and what everything outside the layers comes from.',
    },
    b: { shape: { kind: 'checkpoint' }, origin: 'recipe', required: true, doc: 'Where alpha = 1 is.' },
    alpha: {
      shape: { kind: 'setting' },
      origin: 'recipe',
      required: true,
      doc: 'Share of b. A list is a gradient over the layers.',
      example: '0.5',
    },
    ...CHANGED_LAYERS,
  },
};

export const interpolate: RecipeForm<InterpolateForm> = {
  kind: 'interpolate',
  stands: (root) => mapOf(valueOf(root, 'interpolate')) !== undefined,
  read,
  references: ({ a, b }) => [a, b],
  layout: layoutOf,
  summary: ({ a, b }, { computed }, named) => `${named(a)} with ${computed.tensors} weights moved towards ${named(b)}`,
  toMergekit: interpolateConfig,
};

function read(root: MapNode, report: Report): InterpolateForm | undefined {
  const interpolate = mapOf(valueOf(root, 'interpolate'))!;
  const [a, b, alpha] = [
    textOf(valueOf(interpolate, 'a')),
    textOf(valueOf(interpolate, 'b')),
    settingOf(valueOf(interpolate, 'alpha')),
  ];
  if (a === undefined || b === undefined || alpha === undefined) return undefined;
  const layers = layersOf(valueOf(interpolate, 'layers'));
  checkNotEmpty(layers, report);
  return {
    kind: 'interpolate',
    span: spanOf(entryOf(root, 'interpolate')!.key),
    a,
    b,
    alpha,
    layers,
    part: wordOf(valueOf(interpolate, 'part'), PARTS) ?? 'all',
  };
}

/** How alpha is evaluated. */
const ALPHA: MethodParameter = {
  name: 'alpha',
  type: 'number',
  scope: 'shared',
  default: undefined,
  doc: 'Share of b.',
};

function layoutOf({ a, b, alpha, layers, part }: InterpolateForm, compilation: Compilation): Layout | undefined {
  const [owner, other] = [compilation.sourceOf(a), compilation.sourceOf(b)];
  const range = checkedRange(layers, owner, { name: 'layers', count: owner.checkpoint.layers }, compilation);
  if (range === undefined || !areRelated(b, other, owner, compilation)) return undefined;
  const given: Parameter[] = [
    { name: { value: ALPHA.name, offset: alpha.offset, length: alpha.length }, setting: alpha },
  ];
  diagnoseFilters([alpha], [owner], compilation.report);
  const otherLayers = sectionsOf(other.checkpoint).language.layers;
  return layoutWithChanges(owner, range, compilation, (one, layer, position): Slot | undefined => {
    if (!isInPart(one, part, owner.checkpoint)) return undefined;
    const { tensor } = one;
    const { name } = tensor;
    const counterpart = otherLayers[layer]?.find(({ rest }) => rest === one.rest)?.tensor;
    return {
      name,
      bind(trouble) {
        if (counterpart === undefined) {
          const say = (names: string) => `${other.label} lacks tensors of these layers: ${names}.`;
          trouble({ code: 'tensor-missing', span: b, name, say });
          return { tensor };
        }
        const fraction = resolveParameter(ALPHA, [given], spellings(tensor), position);
        if (typeof fraction !== 'number') {
          const say = (names: string) => `No case of alpha fits these tensors: ${names}. Add a case without a filter.`;
          trouble({ code: 'missing-parameter', span: alpha, name, say });
          return { tensor };
        }
        const from = [owner, other].map((source) => ({ source: compilation.indexOf(source), layer }));
        const origin = { layer, of: { from, fraction } };
        if (fraction === 0) return { tensor, origin };
        if (fraction === 1) return { tensor: counterpart, reference: b, origin };
        return {
          method: 'linear',
          inputs: [tensor, counterpart],
          models: [{ weight: 1 - fraction }, { weight: fraction }],
          shared: { normalize: false },
          reference: b,
          origin,
        };
      },
    };
  });
}

function interpolateConfig(
  { a, b, alpha, layers, part }: InterpolateForm,
  context: MergekitContext,
): Record<string, unknown> | undefined {
  const { owner, model, refusals } = context;
  const [first, end] = layers?.value ?? [0, owner.layers];
  const filter = part === 'attention' ? 'self_attn' : part === 'mlp' ? 'mlp' : undefined;
  if (filter !== undefined) {
    const tensors = sectionsOf(owner).language.layers.slice(first, end).flat();
    if (tensors.some((one) => one.tensor.onDisk.includes(filter) !== isInPart(one, part, owner)))
      refusals.push(
        `mergekit chooses tensors by a part of their name, and no such part names the ${part} of ${owner.family}.`,
      );
    if (alpha.kind === 'conditional')
      refusals.push('mergekit has no filters within filters: alpha has cases and part chooses tensors too.');
  }
  const [fraction, rest] = [mapSetting(alpha, (value) => value), mapSetting(alpha, (value) => 1 - value)];
  const weighted = (value: unknown, otherwise: number) =>
    filter === undefined ? value : [{ filter, value }, { value: otherwise }];
  const [left, right] = [model(a), model(b)];
  const plain = (range: [number, number]) => ({
    sources: [{ model: left, layer_range: range, parameters: { weight: 1 } }],
  });
  const slices = [
    plain([0, first]),
    {
      sources: [
        { model: left, layer_range: [first, end] as [number, number], parameters: { weight: weighted(rest, 1) } },
        { model: right, layer_range: [first, end] as [number, number], parameters: { weight: weighted(fraction, 0) } },
      ],
    },
    plain([end, owner.layers]),
  ];
  return around(slices, left, { merge_method: 'linear', parameters: { normalize: false } }, context);
}
