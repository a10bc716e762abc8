/** Stitch: language layers by region, Early, Mid and Late each from one checkpoint. No weight is computed. */
import { shown } from '../../checkpoint/failure.js';
import type { FrankensteinError } from '../../errors.js';
import { resolveCuts } from '../../topology/cuts.js';
import { SECTIONS } from '../../topology/topology.js';
import type { Compilation } from '../compile/context.js';
import type { Layout } from '../compile/layout.js';
import { layoutOfStacks } from '../compile/layoutOfStacks.js';
import { type Stack, wholeStack } from '../compile/stack.js';
import type { LayerOrigin } from '../compile/types.js';
import type { MergekitContext } from '../mergekit/context.js';
import { around, type SliceEntry } from '../mergekit/parts.js';
import type { LayerRange, Reference, StitchForm } from '../recipe/ast.js';
import { integerOf, spanOf, textOf, valueOf } from '../recipe/nodes.js';
import type { Report } from '../recipe/problem.js';
import { type KeySpec, type MapSpec, TEXT } from '../recipe/schema/shapes.js';
import { entryOf, type TreeNode } from '../recipe/tree.js';
import type { RecipeForm } from './form.js';

export const STITCH_KEY: KeySpec = {
  shape: { kind: 'either', shapes: [{ kind: 'map', map: 'stitch' }, TEXT] },
  origin: 'recipe',
  doc:
    'Language layers by region: Early, Mid and Late each from one checkpoint. Short form: EARLY:MID:LATE. ' +
    'Everything outside the language layers comes from the checkpoint that gives Early. No weight is computed.',
  example: 'IN:RL:RL',
};

export const STITCH: MapSpec = {
  doc: 'Where the language layers of each region come from.',
  keys: {
    early: {
      shape: { kind: 'checkpoint' },
      origin: 'recipe',
      required: true,
      doc:
        'Gives the layers below the first cut, and everything outside the language layers: vision tower, ' +
        'projector, embeddings, final norm, head, tokenizer and processor files.',
    },
    mid: {
      shape: { kind: 'checkpoint' },
      origin: 'recipe',
      required: true,
      doc: 'Gives the layers between the cuts.',
    },
    late: {
      shape: { kind: 'checkpoint' },
      origin: 'recipe',
      required: true,
      doc: 'Gives the layers from the second cut on.',
    },
    cuts: {
      shape: { kind: 'list', of: { kind: 'integer', min: 0 } },
      origin: 'recipe',
      default: 'thirds of the layers, floored',
      doc: 'First layer of Mid and first layer of Late, counted from 0.',
      example: '[9, 18]',
    },
  },
};

export const stitch: RecipeForm<StitchForm> = {
  kind: 'stitch',
  stands: (root) => entryOf(root, 'stitch') !== undefined,
  read: (root, report) => readStitch(valueOf(root, 'stitch')!, report),
  references: ({ early, mid, late }) => [early, mid, late],
  layout: layoutOf,
  summary: ({ early, mid, late }, { layers, sources }, named) =>
    `Stitch ${[early, mid, late].map(named).join(':')}, layers ${rangesOf(
      layers,
      sources.map(({ label }) => shown(label)),
    )}`,
  toMergekit: stitchConfig,
};

/** `EARLY:MID:LATE`, roles. */
const SHORTHAND = /^\s*([\w-]+)\s*:\s*([\w-]+)\s*:\s*([\w-]+)\s*$/;

function readStitch(node: TreeNode, report: Report): StitchForm | undefined {
  if (node.kind === 'scalar') {
    const text = textOf(node);
    if (text === undefined) return undefined;
    const match = SHORTHAND.exec(text.value);
    if (match === null) {
      report({
        code: 'bad-value',
        severity: 'error',
        ...spanOf(node),
        message:
          `"${text.value.slice(0, 40)}" names no regions: write EARLY:MID:LATE, such as IN:RL:RL, ` +
          'or a mapping with early, mid and late.',
      });
      return undefined;
    }
    let from = text.offset;
    const [early, mid, late] = match.slice(1).map((value): Reference => {
      // In quotes or behind an alias the word may stand elsewhere; then the whole value is its place.
      const location = node.length < text.value.length ? spanOf(node) : { offset: from, length: value.length };
      from += value.length + 1;
      return { value, ...location };
    });
    return { kind: 'stitch', span: spanOf(node), early: early!, mid: mid!, late: late!, cuts: undefined };
  }
  if (node.kind !== 'map') return undefined;
  const [early, mid, late] = ['early', 'mid', 'late'].map((key) => textOf(valueOf(node, key)));
  if (early === undefined || mid === undefined || late === undefined) return undefined;
  const cutsNode = valueOf(node, 'cuts');
  let cuts: LayerRange | undefined;
  if (cutsNode?.kind === 'list') {
    const numbers = cutsNode.items.map((item) => integerOf(item)?.value);
    const [first, second] = numbers;
    if (numbers.length !== 2 || first === undefined || second === undefined)
      report({
        code: 'bad-value',
        severity: 'error',
        ...spanOf(cutsNode),
        message: 'Cuts are two layers, the first of Mid and the first of Late, such as [9, 18].',
      });
    else if (first > second)
      report({
        code: 'layer-range',
        severity: 'error',
        ...spanOf(cutsNode),
        message: `The first cut (${first}) must not come after the second (${second}).`,
        fix: {
          title: `Change to [${second}, ${first}]`,
          edits: [{ ...spanOf(cutsNode), text: `[${second}, ${first}]` }],
        },
      });
    else cuts = { value: [first, second], ...spanOf(cutsNode) };
  }
  return { kind: 'stitch', span: spanOf(node), early, mid, late, cuts };
}

function layoutOf({ early, mid, late, cuts, span }: StitchForm, compilation: Compilation): Layout | undefined {
  const owner = compilation.sourceOf(early);
  const { layers } = owner.checkpoint;
  let resolved: [number, number];
  try {
    resolved = resolveCuts(cuts?.value, layers);
  } catch (error) {
    return compilation.fail('layer-range', cuts ?? span, (error as FrankensteinError).message);
  }
  const stackOf = (reference: Reference, first: number, end: number): Stack => {
    const { offset, length } = reference;
    const range: LayerRange = { value: [first, end], offset, length };
    const source = compilation.sourceOf(reference);
    return {
      method: 'passthrough',
      base: undefined,
      levels: [],
      span: reference,
      sources: [{ reference, source, range, parameters: [] }],
    };
  };
  const [a, b] = resolved;
  const whole = stackOf(early, 0, layers);
  const stacks = [stackOf(early, 0, a), stackOf(mid, a, b), stackOf(late, b, layers)];
  return layoutOfStacks(
    owner,
    SECTIONS.map((section) => ({
      section,
      stacks: section === 'language' ? stacks : [wholeStack(whole, section)],
      before: whole,
      after: whole,
    })),
    compilation,
  );
}

/** `0–8 in, 9–27 rl` */
function rangesOf(layers: readonly LayerOrigin[], labels: readonly string[]): string {
  const parts: { from: number; to: number; label: string }[] = [];
  layers.forEach(({ from: [origin] }, layer) => {
    const label = labels[origin?.source ?? 0] ?? '';
    const last = parts.at(-1);
    if (last?.label === label) last.to = layer;
    else parts.push({ from: layer, to: layer, label });
  });
  return parts.map(({ from, to, label }) => `${from === to ? from : `${from}–${to}`} ${label}`).join(', ');
}

/** The paper's stitch: a last slice without layers gives final norm and head. */
function stitchConfig({ early }: StitchForm, context: MergekitContext): Record<string, unknown> {
  const { plan } = context;
  const first = context.model(early);
  const slices: { sources: SliceEntry[] }[] = [];
  let at = '';
  plan.layers.forEach(({ from: [origin] }, layer) => {
    const source = plan.sources[origin!.source]!.path;
    const name = source === plan.sources[plan.owner]!.path ? first : source;
    if (name === at) slices.at(-1)!.sources[0]!.layer_range[1] = layer + 1;
    else slices.push({ sources: [{ model: name, layer_range: [layer, layer + 1] }] });
    at = name;
  });
  // mergekit's embeddings come from the first slice.
  if (slices[0]?.sources[0]?.model !== first) slices.unshift({ sources: [{ model: first, layer_range: [0, 0] }] });
  if (at !== first) slices.push({ sources: [{ model: first, layer_range: [plan.layers.length, plan.layers.length] }] });
  return around(slices, first, { merge_method: 'passthrough' }, context);
}
