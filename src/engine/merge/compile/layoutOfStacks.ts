/**
 * Layout of stacks: ranges of layers, each of several sources, stacked in order, with what comes before and after
 * them.
 */
import type { Checkpoint, Tensor } from '../../checkpoint/checkpoint.js';
import { METHODS } from '../../tensors/methods/list.js';
import type { Section } from '../../topology/topology.js';
import type { Parameter } from '../recipe/ast.js';
import { EMBEDDING, isHead, sectionsOf } from '../sections.js';
import { resolveParameter } from '../settings.js';
import { bindStack } from './bindStack.js';
import type { Compilation } from './context.js';
import { emptyLayout, type Layout } from './layout.js';
import { spellings } from './names.js';
import { areRelated } from './related.js';
import type { SectionStacks, Stack, StackSource } from './stack.js';
import type { LayerOrigin, Source } from './types.js';

/** Lays out sections of stacks; undefined where that is impossible, which has been reported. */
export function layoutOfStacks(
  owner: Source,
  sections: readonly SectionStacks[],
  compilation: Compilation,
): Layout | undefined {
  compilation.indexOf(owner);
  for (const { stacks, before, after } of sections)
    for (const stack of [...stacks, before, after])
      for (const { reference, source } of stack.sources)
        if (!areRelated(reference, source, owner, compilation)) return undefined;
  if (compilation.failed) return undefined;
  const layout = emptyLayout(owner);
  for (const { section, stacks, before, after } of sections) {
    const add = new SectionLayout(section, layout, compilation);
    add.outside(before, 'before');
    for (const stack of stacks) {
      const lengths = stack.sources.map(({ range }) => range.value[1] - range.value[0]);
      const count = lengths[0] ?? 0;
      if (lengths.some((length) => length !== count))
        return compilation.fail(
          'layer-range',
          stack.span,
          `All sources of a slice have the same number of layers; here they have ${lengths.join(' and ')}.`,
        );
      for (let offset = 0; offset < count; offset++) add.layer(stack, offset, count > 1 ? offset / (count - 1) : 1);
    }
    add.outside(after, 'after');
  }
  return layout;
}

/** Adds the tensors of one section to a layout. */
class SectionLayout {
  /** Layers so far. */
  private layers = 0;

  constructor(
    private readonly section: Section,
    private readonly layout: Layout,
    private readonly compilation: Compilation,
  ) {}

  /** Tensors outside the layers. */
  outside(stack: Stack, where: 'before' | 'after'): void {
    const { section } = this;
    const names = [
      ...new Set(
        stack.sources.flatMap(({ source }) => sectionsOf(source.checkpoint)[section][where].map(({ name }) => name)),
      ),
    ];
    for (const name of names) {
      this.addSources(stack);
      const inputs = stack.sources.map(({ source }) => outsideTensor(source.checkpoint, name));
      this.add(name, stack, inputs, section === 'projector' ? projectorPosition(name, names) : 0);
    }
  }

  /** The layer `offset` of a stack, at a position in it from 0 to 1. */
  layer(stack: Stack, offset: number, position: number): void {
    const { section, layout, compilation } = this;
    const owner = layout.owner;
    const layer = this.layers++;
    const layers = stack.sources.map(
      ({ source, range }) => sectionsOf(source.checkpoint)[section].layers[range.value[0] + offset] ?? [],
    );
    const kinds = new Map(
      layers.flatMap((tensors) => tensors.map((one) => [`${one.stack}.${one.rest}`, one] as const)),
    );
    const moved = stack.sources.some(({ range }) => range.value[0] + offset !== layer);
    for (const { stack: path, rest, tensor } of kinds.values()) {
      if (moved && path !== onlyStack(owner.checkpoint, section)) {
        layout.slots.push({
          code: 'unsupported',
          span: stack.span,
          name: tensor.name,
          say: (names) =>
            `The vision tower of this family has two stacks of blocks, which can only be taken whole: ${names}.`,
        });
        return;
      }
      const inputs = layers.map((tensors) => tensors.find((one) => one.rest === rest && one.stack === path)?.tensor);
      this.add(moved ? `${path}.${layer}.${rest}` : tensor.name, stack, inputs, position);
    }
    // Of a layer that stays where it is, the owner knows what belongs to it.
    const own = sectionsOf(owner.checkpoint)[section].layers[layer] ?? [];
    const [{ reference, source: first }] = stack.sources as [StackSource];
    for (const one of moved ? [] : own)
      if (!kinds.has(`${one.stack}.${one.rest}`))
        layout.slots.push({
          code: 'tensor-missing',
          span: reference,
          name: one.tensor.name,
          say: (names) => `${first.label} lacks tensors that ${owner.label} has in the same layers: ${names}.`,
        });
    const origin: LayerOrigin = {
      from: stack.sources.map(({ source, range }) => ({
        source: compilation.indexOf(source),
        layer: range.value[0] + offset,
      })),
      fraction: fractionOf(stack, position, section, layer),
    };
    if (section === 'language') layout.layers[layer] = origin;
    else {
      this.addSources(stack);
      if (section === 'vision') layout.visionLayers[layer] = origin;
    }
  }

  private add(name: string, stack: Stack, inputs: readonly (Tensor | undefined)[], position: number): void {
    this.layout.slots.push({ name, bind: (trouble) => bindStack({ name, stack, inputs, position }, trouble) });
  }

  private addSources({ sources }: Stack): void {
    const from = this.layout.sections.get(this.section) ?? new Set<number>();
    for (const { source } of sources) from.add(this.compilation.indexOf(source));
    this.layout.sections.set(this.section, from);
  }
}

/** How much the second of two models counts in a layer, by its first computed tensor. */
function fractionOf(
  { method, sources, levels, base }: Stack,
  position: number,
  section: Section,
  layer: number,
): number | null {
  if (sources.length !== 2) return null;
  const tensor = sectionsOf(sources[0]!.source.checkpoint)[section].layers[layer]?.[0]?.tensor;
  if (tensor === undefined) return null;
  const valueOf = (name: string, model?: 0 | 1) => {
    const parameter = METHODS[method].parameters.find((one) => one.name === name);
    const own: readonly Parameter[] = model === undefined ? [] : sources[model]!.parameters;
    return parameter && resolveParameter(parameter, [own, ...levels], spellings(tensor), position);
  };
  return METHODS[method].fraction?.(valueOf, sources[0]!.source === base) ?? null;
}

/** The source's tensor of that name; its embedding where it ties its head to it. */
function outsideTensor(checkpoint: Checkpoint, name: string): Tensor | undefined {
  const found = checkpoint.tensors.get(name);
  if (found !== undefined || !isHead(name)) return found;
  return sectionsOf(checkpoint).language.before.find((tensor) => EMBEDDING.test(tensor.name));
}

/**
 * Where mergekit's tables put a projector's tensor in a gradient: the Qwen mergers' MLP at the end, as the last of two
 * layers of the same names, DeepStack's mergers by their number, everything else at the start.
 */
function projectorPosition(name: string, names: readonly string[]): number {
  if (/^model\.visual\.merger\.mlp\./.test(name)) return 1;
  const number = (one: string) => Number(/\.deepstack_merger_list\.(\d+)\./.exec(one)?.[1] ?? 0);
  const last = Math.max(...names.map(number));
  return last === 0 ? 0 : number(name) / last;
}

/** The stack that all layers of a section lie in; undefined where there are several. */
function onlyStack(checkpoint: Checkpoint, section: Section): string | undefined {
  const stacks = new Set(
    sectionsOf(checkpoint)[section].layers.flatMap((tensors) => tensors.map(({ stack }) => stack)),
  );
  return stacks.size === 1 ? [...stacks][0] : undefined;
}
