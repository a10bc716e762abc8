/** Noise: a checkpoint with normal noise added to the weights of some layers. */
import type { Compilation } from '../compile/context.js';
import { checkedRange } from '../compile/diagnose.js';
import { type Binding, type Layout, layoutWithChanges } from '../compile/layout.js';
import type { NoiseForm } from '../recipe/ast.js';
import {
  checkNotEmpty,
  integerOf,
  layersOf,
  mapOf,
  numberOf,
  spanOf,
  textOf,
  valueOf,
  wordOf,
} from '../recipe/nodes.js';
import type { Report } from '../recipe/problem.js';
import { type KeySpec, type MapSpec, NUMBER } from '../recipe/schema/shapes.js';
import { NOISE_SCALES, PARTS } from '../recipe/schema/words.js';
import { entryOf, type MapNode } from '../recipe/tree.js';
import { isInPart } from '../sections.js';
import { CHANGED_LAYERS } from './changedLayers.js';
import type { RecipeForm } from './form.js';

export const NOISE_KEY: KeySpec = {
  shape: { kind: 'map', map: 'noise' },
  origin: 'recipe',
  doc: 'A checkpoint with normal noise added to the weights of some layers.',
  example: '{model: in, sigma: 0.01, scale: relative, layers: [9, 18]}',
};

export const NOISE: MapSpec = {
  doc: 'Weights of the layers named, plus normal noise of standard deviation sigma.',
  keys: {
    model: {
      shape: { kind: 'checkpoint' },
      origin: 'recipe',
      required: true,
      doc: 'The checkpoint that gets noise.',
    },
    sigma: {
      shape: NUMBER,
      origin: 'recipe',
      required: true,
      doc: 'Standard deviation of the noise.',
      example: '0.01',
    },
    scale: {
      shape: { kind: 'word', of: NOISE_SCALES },
      origin: 'recipe',
      default: 'absolute',
      doc: "What sigma counts in: the weights' own unit, or each tensor's root mean square.",
    },
    mix: {
      shape: { kind: 'boolean' },
      origin: 'recipe',
      default: 'false',
      doc: 'sigma, from 0 to 1, is the part that is noise: (1 − sigma)·W + sigma·std(W)·N(0, 1), tensor by tensor.',
    },
    ...CHANGED_LAYERS,
    seed: {
      shape: { kind: 'integer' },
      origin: 'recipe',
      default: '0',
      doc: 'The same seed gives the same noise, on every machine.',
    },
  },
};

export const noise: RecipeForm<NoiseForm> = {
  kind: 'noise',
  stands: (root) => mapOf(valueOf(root, 'noise')) !== undefined,
  read,
  references: ({ model }) => [model],
  layout: layoutOf,
  summary: ({ model, sigma, scale, mix }, { computed }, named) =>
    mix
      ? `${named(model)} with ${computed.tensors} weights mixed with noise of their standard deviation, ` +
        `${sigma.value} of it`
      : `${named(model)} with noise on ${computed.tensors} weights, σ = ` +
        `${sigma.value}${scale === 'relative' ? ' of their root mean square' : ''}`,
  notInMergekit: 'mergekit adds no noise to weights: export the checkpoint instead.',
};

function read(root: MapNode, report: Report): NoiseForm | undefined {
  const noise = mapOf(valueOf(root, 'noise'))!;
  const [model, sigma] = [textOf(valueOf(noise, 'model')), numberOf(valueOf(noise, 'sigma'))];
  if (sigma !== undefined && sigma.value < 0)
    report({
      code: 'bad-value',
      severity: 'error',
      ...spanOf(sigma),
      message: 'sigma is a standard deviation and must not be negative.',
    });
  const mix = valueOf(noise, 'mix');
  const mixes = mix?.kind === 'scalar' && mix.value === true;
  if (mixes) checkMix(noise, sigma, report);
  if (model === undefined || sigma === undefined) return undefined;
  const layers = layersOf(valueOf(noise, 'layers'));
  checkNotEmpty(layers, report);
  return {
    kind: 'noise',
    span: spanOf(entryOf(root, 'noise')!.key),
    model,
    sigma,
    mix: mixes,
    scale: wordOf(valueOf(noise, 'scale'), NOISE_SCALES) ?? 'absolute',
    layers,
    part: wordOf(valueOf(noise, 'part'), PARTS) ?? 'all',
    seed: integerOf(valueOf(noise, 'seed'))?.value ?? 0,
  };
}

/** A mixture has its own scale, and no more than the whole can be noise. */
function checkMix(noise: MapNode, sigma: ReturnType<typeof numberOf>, report: Report): void {
  const scale = valueOf(noise, 'scale');
  if (scale !== undefined)
    report({
      code: 'bad-value',
      severity: 'error',
      ...spanOf(scale),
      message: "mix: true counts in each tensor's standard deviation: leave scale out.",
    });
  if (sigma !== undefined && sigma.value > 1)
    report({
      code: 'bad-value',
      severity: 'error',
      ...spanOf(sigma),
      message: 'With mix: true, sigma is the part that is noise, from 0 to 1.',
    });
}

function layoutOf(
  { model, sigma, scale, mix, layers, part, seed }: NoiseForm,
  compilation: Compilation,
): Layout | undefined {
  const owner = compilation.sourceOf(model);
  const range = checkedRange(layers, owner, { name: 'layers', count: owner.checkpoint.layers }, compilation);
  if (range === undefined) return undefined;
  return layoutWithChanges(owner, range, compilation, (one) => {
    if (!isInPart(one, part, owner.checkpoint) || sigma.value === 0) return undefined;
    const binding: Binding = {
      method: 'noise',
      inputs: [one.tensor],
      models: [{}],
      shared: mix ? { sigma: sigma.value, mix } : { sigma: sigma.value, relative: scale === 'relative' },
      seed,
      reference: model,
    };
    return { name: one.tensor.name, bind: () => binding };
  });
}
