/**
 * From a recipe and its open checkpoints to the tensors of the result: which of them lie in a file as they are, and
 * which are computed from what. Reads no weight.
 */
import type { Checkpoint, Dtype, Tensor } from '../checkpoint/checkpoint.js';
import { bytesOf } from '../tensors/elements.js';
import { computedTensor } from '../checkpoint/computedTensor.js';
import { isFloat } from '../checkpoint/encode.js';
import { thousands } from '../checkpoint/failure.js';
import { leftOutWeights, whyIncomplete } from '../checkpoint/leftOut.js';
import { turnedExperts } from '../checkpoint/experts.js';
import { FrankensteinError } from '../errors.js';
import { resolveCuts } from '../topology/cuts.js';
import { familyById } from '../topology/families.js';
import { sameFamily } from '../topology/model.js';
import { isExtra } from '../topology/names.js';
import { placeTensor } from '../topology/place.js';
import { type Section, SECTIONS } from '../topology/topology.js';
import type { KernelName } from '../tensors/methods/kernels.js';
import type { Parameters } from '../tensors/arithmetic/task.js';
import { METHODS, type MethodName } from '../tensors/methods/list.js';
import type { MethodParameter } from '../tensors/methods/method.js';
import {
  type InterpolateForm,
  type LayerRange,
  type MergeBody,
  type MergeForm,
  type NoiseForm,
  type Parameter,
  type Recipe,
  type Reference,
  type Setting,
  type StitchForm,
  referencesOf,
} from './recipe/ast.js';
import { nearest, type Place, type ProblemCode, type Report } from './recipe/problem.js';
import { MODULES } from './recipe/schema.js';
import { EMBEDDING, isHead, isInPart, type LayerTensor, sectionsOf } from './sections.js';
import { fits, resolveParameter } from './settings.js';

/** A checkpoint that a recipe names, open. */
export interface Source {
  /** Absolute path, as `openCheckpoint` takes it; equal for references that mean the same. */
  path: string;
  /** What people call it: its role, or its folder. */
  label: string;
  checkpoint: Checkpoint;
}

/** Where a layer of the result comes from. */
export interface LayerOrigin {
  /** Indices into the sources, with the layer of each. */
  from: { source: number; layer: number }[];
  /** Share of the second of two sources, where the method has one. */
  share: number | null;
}

export interface RecipePlan {
  /** Those that take part, in order of first use. */
  sources: Source[];
  /** Index of the source whose config, tokenizer and processor files the result has. */
  owner: number;
  /** By canonical name. `onDisk` is spelled as the owner spells names. */
  tensors: Map<string, Tensor>;
  /** Language layers in order. */
  layers: LayerOrigin[];
  /** Sources of everything that is in no language layer. */
  sections: { section: Section; from: number[] }[];
  /** Index of the source of each vision block; the owner's when nobody stacks them anew. */
  visionLayers: LayerOrigin[];
  stored: { tensors: number; bytes: number };
  computed: { tensors: number; bytes: number };
}

const DTYPE_OF: Readonly<Record<string, Dtype>> = { float64: 'F64', float32: 'F32', bfloat16: 'BF16', float16: 'F16' };

/** A source of a stack of layers, with what it was given. */
interface StackSource {
  reference: Reference;
  source: Source;
  range: LayerRange;
  parameters: readonly Parameter[];
}

/** Layers of the result and how they are made. */
interface Stack {
  sources: StackSource[];
  method: MethodName;
  base: Source | undefined;
  /** Most specific first, below the sources' own. */
  levels: readonly (readonly Parameter[])[];
  place: Place;
}

/** One section of the result. */
interface SectionPlan {
  section: Section;
  stacks: Stack[];
  /** What gives the tensors before the layers and after them. */
  before: Stack;
  after: Stack;
}

/**
 * Plans a recipe without errors so far.
 * @param sourceOf the open checkpoint that a reference means.
 * @param text of the recipe: fixes are edits of it.
 * @returns undefined when there is something that makes the result impossible; it has been reported.
 */
export function planRecipe(
  recipe: Recipe,
  sourceOf: (reference: Reference) => Source,
  text: string,
  report: Report,
): RecipePlan | undefined {
  const { form } = recipe;
  if (form === undefined) return undefined;
  for (const reference of referencesOf(form)) reportQuantised(reference, sourceOf(reference), report);
  const planner = new Planner(recipe, sourceOf, text, report);
  switch (form.kind) {
    case 'stitch':
      return planner.stitch(form);
    case 'interpolate':
      return planner.interpolate(form);
    case 'noise':
      return planner.noise(form);
    case 'merge':
      return planner.merge(form);
  }
}

/** Weights that cannot be read are in no result; those that are computed from codes are written as plain numbers. */
function reportQuantised(reference: Reference, { label, checkpoint }: Source, report: Report): void {
  const at = { offset: reference.offset, length: reference.length };
  const incomplete = whyIncomplete(checkpoint);
  if (incomplete !== undefined)
    report({ ...at, code: 'unsupported', severity: 'error', message: `${label} cannot be used: ${incomplete}` });
  else if (checkpoint.quantisation !== undefined)
    report({
      ...at,
      code: 'note',
      severity: 'warning',
      message: `${label} is quantised (${checkpoint.quantisation.map(({ scheme }) => scheme).join(', ')}): the result has its weights as plain numbers, in float32 unless the recipe sets a dtype.`,
    });
  const unused = [...leftOutWeights(checkpoint).values()];
  if (incomplete === undefined && unused.length > 0)
    report({
      ...at,
      code: 'note',
      severity: 'warning',
      message: `The result lacks ${thousands(unused.length)} ${unused.length === 1 ? 'tensor' : 'tensors'} of ${label}, such as ${unused[0]!.onDisk}. ${unused[0]!.reason}`,
    });
}

/** Collects the tensors of one plan, and what is wrong on the way. */
class Planner {
  private readonly tensors = new Map<string, Tensor>();
  private readonly sources: Source[] = [];
  private readonly layers: LayerOrigin[] = [];
  private readonly visionLayers: LayerOrigin[] = [];
  private readonly sections = new Map<Section, Set<number>>();
  /** Trouble with many tensors is one sentence. */
  private readonly troubles = new Map<
    string,
    { code: ProblemCode; place: Place; names: string[]; say: (names: string) => string }
  >();
  private readonly dtype: Dtype | undefined;
  private failed = false;

  constructor(
    private readonly recipe: Recipe,
    private readonly sourceOf: (reference: Reference) => Source,
    private readonly text: string,
    private readonly report: Report,
  ) {
    this.dtype = recipe.dtype && DTYPE_OF[recipe.dtype.value];
  }

  stitch({ early, mid, late, cuts, place }: StitchForm): RecipePlan | undefined {
    const owner = this.sourceOf(early);
    const { layers } = owner.checkpoint;
    let resolved: [number, number];
    try {
      resolved = resolveCuts(cuts?.value, layers);
    } catch (error) {
      return this.fail('layer-range', cuts ?? place, (error as FrankensteinError).message);
    }
    const stackOf = (reference: Reference, first: number, end: number): Stack => ({
      method: 'passthrough',
      base: undefined,
      levels: [],
      place: reference,
      sources: [
        {
          reference,
          source: this.sourceOf(reference),
          range: { value: [first, end], offset: reference.offset, length: reference.length },
          parameters: [],
        },
      ],
    });
    const [a, b] = resolved;
    const whole = stackOf(early, 0, layers);
    const stacks = [stackOf(early, 0, a), stackOf(mid, a, b), stackOf(late, b, layers)];
    return this.run(
      owner,
      SECTIONS.map((section) => ({
        section,
        stacks: section === 'language' ? stacks : [this.wholeOf(whole, section)],
        before: whole,
        after: whole,
      })),
    );
  }

  interpolate({ a, b, alpha, layers, part }: InterpolateForm): RecipePlan | undefined {
    const [owner, other] = [this.sourceOf(a), this.sourceOf(b)];
    const range = this.checkedRange(layers, owner);
    if (range === undefined || !this.related(b, other, owner)) return undefined;
    const parameter: MethodParameter = {
      name: 'alpha',
      type: 'number',
      scope: 'shared',
      default: undefined,
      doc: 'Share of b.',
    };
    const given: Parameter[] = [
      { name: { value: 'alpha', offset: alpha.offset, length: alpha.length }, setting: alpha },
    ];
    this.checkFilters([alpha], [owner]);
    const otherLayers = sectionsOf(other.checkpoint).language.layers;
    return this.partly(owner, range, (tensor, layer, t) => {
      const fromA = this.indexOf(owner);
      if (!isInPart(tensor, part, owner.checkpoint)) return undefined;
      const counterpart = otherLayers[layer]?.find((one) => one.rest === tensor.rest)?.tensor;
      if (counterpart === undefined) {
        this.trouble(
          'tensor-missing',
          b,
          tensor.tensor.name,
          (names) => `${other.label} lacks tensors of these layers: ${names}.`,
        );
        return undefined;
      }
      const share = resolveParameter(parameter, [given], spellings(tensor.tensor), t);
      if (typeof share !== 'number') {
        this.trouble(
          'missing-parameter',
          alpha,
          tensor.tensor.name,
          (names) => `No case of alpha fits these tensors: ${names}. Add a case without a filter.`,
        );
        return undefined;
      }
      const { layers: origins } = this;
      origins[layer] = {
        from: [
          { source: fromA, layer },
          { source: this.indexOf(other), layer },
        ],
        share,
      };
      if (share === 0) return { tensor: tensor.tensor };
      if (share === 1) return { tensor: counterpart, reference: b };
      return {
        method: 'linear',
        inputs: [tensor.tensor, counterpart],
        models: [{ weight: 1 - share }, { weight: share }],
        shared: { normalize: false },
        reference: b,
      };
    });
  }

  noise({ model, sigma, scale, layers, part, seed }: NoiseForm): RecipePlan | undefined {
    const owner = this.sourceOf(model);
    const range = this.checkedRange(layers, owner);
    if (range === undefined) return undefined;
    return this.partly(owner, range, (tensor) =>
      !isInPart(tensor, part, owner.checkpoint) || sigma.value === 0
        ? undefined
        : {
            method: 'noise',
            inputs: [tensor.tensor],
            models: [{}],
            shared: { sigma: sigma.value, relative: scale === 'relative' },
            seed,
            reference: model,
          },
    );
  }

  merge(form: MergeForm): RecipePlan | undefined {
    const { body } = form;
    const bodies = body.kind === 'modules' ? body.modules.map(({ body: inner }) => inner) : [body];
    const first =
      form.base ??
      bodies.flatMap((one) => (one.kind === 'models' ? one.models : one.slices.flatMap(({ sources }) => sources)))[0]
        ?.model;
    if (first === undefined) return undefined;
    const owner = this.sourceOf(first);
    const plans: SectionPlan[] = [];
    if (body.kind === 'modules') {
      const listed = new Set<Section>();
      for (const { name, body: inner, parameters } of body.modules) {
        const section = this.sectionOf(name.value, owner);
        if (section === undefined) {
          const close = nearest(name.value, Object.keys(MODULES));
          this.report({
            code: 'unknown-module',
            severity: 'error',
            offset: name.offset,
            length: name.length,
            message: `${owner.label} has no module "${name.value}"; its modules are ${this.modulesOf(owner).join(', ')}.`,
            fix:
              close === undefined
                ? undefined
                : { title: `Change to ${close}`, edits: [{ offset: name.offset, length: name.length, text: close }] },
          });
          this.failed = true;
          continue;
        }
        listed.add(section);
        const plan = this.planSection(section, inner, form, [parameters], owner);
        if (plan) plans.push(plan);
      }
      this.checkParts(form, listed, owner, first);
    } else {
      for (const section of SECTIONS) {
        const plan = this.planSection(section, body, form, [], owner);
        if (plan) plans.push(plan);
      }
      if (body.kind === 'slices' && owner.checkpoint.visionLayers > 0) {
        this.report({
          code: 'note',
          severity: 'warning',
          offset: body.offset,
          length: body.length,
          message:
            'These slices are layers of the language model; vision tower and projector come from the first slice. mergekit refuses slices for a model of several modules: under modules, text_decoder takes them.',
        });
      }
    }
    this.checkFilters(settingsOf(form), [
      ...new Set(
        bodies
          .flatMap((one) => (one.kind === 'models' ? one.models : one.slices.flatMap(({ sources }) => sources)))
          .map(({ model }) => this.sourceOf(model)),
      ),
    ]);
    if (plans.length === 0) return undefined;
    const plan = this.run(owner, plans);
    const language =
      body.kind === 'modules'
        ? body.modules
            .filter(({ name }) => this.sectionOf(name.value, owner) === 'language')
            .map((module) => module.body)
        : bodies;
    if (plan && form.method.value === 'passthrough') this.noteEnds(language, owner);
    return plan;
  }

  /** What a body makes of one section; undefined where it cannot be made. */
  private planSection(
    section: Section,
    body: MergeBody,
    form: MergeForm,
    levels: Parameter[][],
    owner: Source,
  ): SectionPlan | undefined {
    const method = form.method.value;
    const above = [...levels, form.parameters];
    const counted = (source: Source) => sectionsOf(source.checkpoint)[section].layers.length;
    if (body.kind === 'models') {
      const sources = body.models.map(({ model, parameters }): StackSource => this.whole(model, parameters, section));
      const base = form.base && this.sourceOf(form.base);
      // mergekit takes the base in where it is not listed, last.
      if (form.base && !sources.some(({ source }) => source === base)) sources.push(this.whole(form.base, [], section));
      const stack: Stack = { sources, method, base, levels: above, place: body };
      return { section, stacks: [stack], before: stack, after: stack };
    }
    const stacks = body.slices.map(({ sources, base, parameters, offset, length }): Stack => ({
      method,
      levels: [parameters, ...above],
      place: { offset, length },
      base: (base ?? form.base) && this.sourceOf((base ?? form.base)!),
      sources: sources.map((source) => ({
        reference: source.model,
        source: this.sourceOf(source.model),
        range: source.layers,
        parameters: source.parameters,
      })),
    }));
    const [first, last] = [stacks[0], stacks.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    const ownSection = form.body.kind === 'modules' || section === 'language';
    if (!ownSection) {
      const whole = this.wholeOf(first, section);
      return { section, stacks: [whole], before: whole, after: whole };
    }
    // A projector has no numbered layers, though mergekit counts some.
    if (counted(owner) === 0) return { section, stacks: [], before: first, after: first };
    for (const { range, source } of stacks.flatMap(({ sources }) => sources)) {
      const layers = counted(source);
      if (range.value[1] > layers) {
        const [from] = range.value;
        this.fail(
          'layer-range',
          range,
          `${source.label} has ${section === 'vision' ? 'vision blocks' : 'layers'} 0 to ${layers - 1}, so a range ends at most at ${layers}.`,
          from < layers
            ? {
                title: `Change to [${from}, ${layers}]`,
                edits: [{ offset: range.offset, length: range.length, text: `[${from}, ${layers}]` }],
              }
            : undefined,
        );
      }
    }
    return { section, stacks, before: first, after: last };
  }

  private whole(reference: Reference, parameters: readonly Parameter[], section: Section): StackSource {
    const source = this.sourceOf(reference);
    const { length } = sectionsOf(source.checkpoint)[section].layers;
    return {
      reference,
      source,
      parameters,
      range: { value: [0, length], offset: reference.offset, length: reference.length },
    };
  }

  /** The same sources with all their layers of another section. */
  private wholeOf(stack: Stack, section: Section): Stack {
    return {
      ...stack,
      sources: stack.sources.map(({ reference, parameters }) => this.whole(reference, parameters, section)),
    };
  }

  private run(owner: Source, plans: readonly SectionPlan[]): RecipePlan | undefined {
    this.indexOf(owner);
    for (const { stacks, before, after } of plans) {
      for (const stack of [...stacks, before, after])
        for (const { reference, source } of stack.sources)
          if (!this.related(reference, source, owner)) return undefined;
    }
    if (this.failed) return undefined;
    for (const { section, stacks, before, after } of plans) {
      this.place(section, before, 'before', owner);
      let layer = 0;
      for (const stack of stacks) {
        const lengths = stack.sources.map(
          ({
            range: {
              value: [first, end],
            },
          }) => end - first,
        );
        const count = lengths[0] ?? 0;
        if (lengths.some((length) => length !== count)) {
          return this.fail(
            'layer-range',
            stack.place,
            `All sources of a slice have the same number of layers; here they have ${lengths.join(' and ')}.`,
          );
        }
        for (let offset = 0; offset < count; offset++)
          this.placeLayer(section, stack, offset, count > 1 ? offset / (count - 1) : 1, layer++, owner);
      }
      this.place(section, after, 'after', owner);
    }
    return this.finish(owner);
  }

  /** The owner's tensors, with what `change` says of those in some language layers. */
  private partly(
    owner: Source,
    [first, end]: readonly [number, number],
    change: (tensor: LayerTensor, layer: number, t: number) => Made | undefined,
  ): RecipePlan | undefined {
    const from = this.indexOf(owner);
    const sections = sectionsOf(owner.checkpoint);
    for (const section of SECTIONS) {
      const { before, after, layers } = sections[section];
      if (section !== 'language' && before.length + after.length + layers.length > 0)
        this.sections.set(section, new Set([from]));
      for (const tensor of [...before, ...after]) this.add(tensor.name, { tensor }, owner);
      layers.forEach((tensors, layer) => {
        if (section === 'language') this.layers[layer] = { from: [{ source: from, layer }], share: null };
        else if (section === 'vision') this.visionLayers[layer] = { from: [{ source: from, layer }], share: null };
        for (const one of tensors) {
          const made =
            section === 'language' && layer >= first && layer < end
              ? change(one, layer, end - first > 1 ? (layer - first) / (end - first - 1) : 1)
              : undefined;
          this.add(one.tensor.name, made ?? { tensor: one.tensor }, owner);
        }
      });
    }
    this.sections.set('language', new Set([from]));
    return this.finish(owner);
  }

  private finish(owner: Source): RecipePlan | undefined {
    for (const { code, place, names, say } of this.troubles.values()) {
      const listed = `${names.slice(0, 2).join(', ')}${names.length > 2 ? ` and ${names.length - 2} more` : ''}`;
      this.report({ code, severity: 'error', offset: place.offset, length: place.length, message: say(listed) });
    }
    if (this.failed || this.troubles.size > 0) return undefined;
    this.noteExtra();
    // In the owner's order, as a loader finds them.
    const order = [...owner.checkpoint.tensors.keys()].filter((name) => this.tensors.has(name));
    const tensors = new Map([...order, ...this.tensors.keys()].map((name) => [name, this.tensors.get(name)!]));
    const count = (wanted: (tensor: Tensor) => boolean) => {
      const some = [...tensors.values()].filter(wanted);
      return { tensors: some.length, bytes: some.reduce((sum, tensor) => sum + bytesOf(tensor), 0) };
    };
    return {
      sources: this.sources,
      owner: this.indexOf(owner),
      tensors,
      layers: this.layers,
      visionLayers: this.visionLayers,
      sections: [...this.sections].map(([section, from]) => ({ section, from: [...from] })),
      stored: count(({ expression }) => expression === undefined),
      computed: count(({ expression }) => expression !== undefined),
    };
  }

  /** Layers beyond those that a config counts are in no result, as with mergekit. */
  private noteExtra(): void {
    const labels = this.sources
      .filter(({ checkpoint }) => [...checkpoint.tensors.keys()].some(isExtra))
      .map(({ label }) => label);
    if (labels.length === 0) return;
    this.report({
      code: 'note',
      severity: 'warning',
      offset: 0,
      length: 0,
      message: `${labels.join(' and ')} ${labels.length === 1 ? 'stores' : 'store'} tensors beyond the layers that the config counts; they are left out.`,
    });
  }

  /** Tensors outside the layers. */
  private place(section: Section, stack: Stack, where: 'before' | 'after', owner: Source): void {
    const names = [
      ...new Set(
        stack.sources.flatMap(({ source }) => sectionsOf(source.checkpoint)[section][where].map(({ name }) => name)),
      ),
    ];
    for (const name of names) {
      this.came(section, stack);
      const inputs = stack.sources.map((one) => this.find(one, name));
      this.make(name, stack, inputs, section === 'projector' ? projectorPlace(name, names) : 0, owner);
    }
  }

  private placeLayer(section: Section, stack: Stack, offset: number, t: number, layer: number, owner: Source): void {
    const layers = stack.sources.map(
      ({ source, range }) => sectionsOf(source.checkpoint)[section].layers[range.value[0] + offset] ?? [],
    );
    const kinds = new Map(
      layers.flatMap((tensors) => tensors.map((one) => [`${one.stack}.${one.rest}`, one] as const)),
    );
    for (const {
      stack: at,
      rest,
      tensor: { name },
    } of kinds.values()) {
      const moved = stack.sources.some(({ range }) => range.value[0] + offset !== layer);
      if (moved && at !== onlyStack(owner.checkpoint, section)) {
        this.trouble(
          'unsupported',
          stack.place,
          name,
          (names) =>
            `The vision tower of this family has two stacks of blocks, which can only be taken whole: ${names}.`,
        );
        return;
      }
      const inputs = layers.map((tensors) => tensors.find((one) => one.rest === rest && one.stack === at)?.tensor);
      this.make(moved ? `${at}.${layer}.${rest}` : name, stack, inputs, t, owner);
    }
    // Of a layer that stays in its place, the owner knows what belongs to it.
    const own = sectionsOf(owner.checkpoint)[section].layers[layer] ?? [];
    for (const one of stack.sources.some(({ range }) => range.value[0] + offset !== layer) ? [] : own) {
      if (kinds.has(`${one.stack}.${one.rest}`)) continue;
      const [{ reference, source }] = stack.sources as [StackSource];
      this.trouble(
        'tensor-missing',
        reference,
        one.tensor.name,
        (names) => `${source.label} lacks tensors that ${owner.label} has in the same layers: ${names}.`,
      );
    }
    const origin: LayerOrigin = {
      from: stack.sources.map(({ source, range }) => ({
        source: this.indexOf(source),
        layer: range.value[0] + offset,
      })),
      share: this.share(stack, t, section, layer),
    };
    if (section === 'language') this.layers[layer] = origin;
    else {
      this.came(section, stack);
      if (section === 'vision') this.visionLayers[layer] = origin;
    }
  }

  /** The share of the second of two models in a layer, by its first computed tensor. */
  private share({ method, sources, levels, base }: Stack, t: number, section: Section, layer: number): number | null {
    if (sources.length !== 2) return null;
    const tensor = sectionsOf(sources[0]!.source.checkpoint)[section].layers[layer]?.[0]?.tensor;
    if (tensor === undefined) return null;
    const valueOf = (name: string, model?: 0 | 1) => {
      const parameter = METHODS[method].parameters.find((one) => one.name === name);
      const own = model === undefined ? [] : sources[model]!.parameters;
      return parameter && resolveParameter(parameter, [own, ...levels], spellings(tensor), t);
    };
    return METHODS[method].fraction?.(valueOf, sources[0]!.source === base) ?? null;
  }

  private came(section: Section, { sources }: Stack): void {
    const from = this.sections.get(section) ?? new Set<number>();
    for (const { source } of sources) from.add(this.indexOf(source));
    this.sections.set(section, from);
  }

  /** The source's tensor of that name; its embedding where it ties its head to it. */
  private find({ source: { checkpoint } }: StackSource, name: string): Tensor | undefined {
    const found = checkpoint.tensors.get(name);
    if (found !== undefined || !isHead(name)) return found;
    return sectionsOf(checkpoint).language.before.find((tensor) => EMBEDDING.test(tensor.name));
  }

  private make(name: string, stack: Stack, found: readonly (Tensor | undefined)[], t: number, owner: Source): void {
    const { sources, method: methodName, levels } = stack;
    const method = METHODS[methodName];
    const inputs: Tensor[] = [];
    found.forEach((tensor, index) => {
      const { source, reference } = sources[index]!;
      if (tensor === undefined)
        this.trouble(
          'tensor-missing',
          reference,
          name,
          (names) => `${source.label} lacks tensors that the other models have: ${names}.`,
        );
      else inputs.push(tensor);
    });
    if (inputs.length < found.length) return;
    const base = method.base === 'ignored' ? -1 : sources.findIndex(({ source }) => source === stack.base);
    // Filters see the name of the result for shared parameters, and each model's own for its own.
    const shared = this.parameters(
      method.parameters.filter(({ scope }) => scope === 'shared'),
      levels,
      spellings(inputs[0]!, name),
      t,
      stack.place,
      name,
    );
    const models = sources.map(({ reference, parameters }, index) => {
      const wanted = method.parameters.filter(
        ({ scope }) => scope === 'model' || (scope === 'other' && index !== base),
      );
      return this.parameters(wanted, [parameters, ...levels], spellings(inputs[index]!), t, reference, name);
    });
    if (shared === undefined || models.some((one) => one === undefined)) return;
    models.forEach((values, index) => {
      const refusal = method.refusal?.(values!);
      if (refusal !== undefined)
        this.trouble('bad-value', sources[index]!.reference, name, (names) => `${refusal}: ${names}.`);
    });
    const { reference } = sources.at(-1)!;
    if (!isFloat(inputs[0]!.dtype)) return this.add(name, { tensor: inputs[Math.max(0, base)]!, reference }, owner);
    if (method.copies?.(models as Parameters[]) === true)
      return this.add(name, { tensor: inputs[0]!, reference }, owner);
    this.add(
      name,
      {
        method: methodName,
        inputs,
        base: base < 0 ? undefined : base,
        models: models as Parameters[],
        shared,
        reference,
      },
      owner,
    );
  }

  private parameters(
    wanted: readonly MethodParameter[],
    levels: readonly (readonly Parameter[])[],
    names: readonly string[],
    t: number,
    place: Place,
    tensor: string,
  ): Parameters | undefined {
    const values: Record<string, number | boolean | null> = {};
    for (const parameter of wanted) {
      const value = resolveParameter(parameter, levels, names, t);
      if (value === undefined) {
        this.trouble(
          'missing-parameter',
          place,
          tensor,
          (list) => `No value of ${parameter.name} fits these tensors: ${list}. Add a case without a filter.`,
        );
        return undefined;
      }
      values[parameter.name] = value;
    }
    return values;
  }

  /** Puts a tensor into the result. */
  private add(name: string, made: Made, owner: Source): void {
    const facts = {
      name,
      onDisk: this.spelling(name, 'tensor' in made ? made.tensor : made.inputs[0]!, owner.checkpoint),
    };
    const expectedShape = this.expected(name, owner.checkpoint);
    if ('tensor' in made) {
      const { tensor } = made;
      if (expectedShape !== undefined && !sameShape(tensor.shape, expectedShape)) {
        this.trouble(
          'shape-mismatch',
          made.reference ?? { offset: 0, length: 0 },
          name,
          (names) =>
            `${made.reference?.value ?? 'This model'} has tensors of shape [${tensor.shape.join(', ')}] where ${owner.label} has [${expectedShape.join(', ')}], so the two fit into no model together: ${names}.`,
        );
        return;
      }
      const cast = this.dtype !== undefined && this.dtype !== tensor.dtype && isFloat(tensor.dtype);
      this.tensors.set(
        name,
        cast
          ? computedTensor(
              { ...facts, dtype: this.dtype, shape: tensor.shape },
              {
                kind: 'merge',
                method: 'passthrough',
                inputs: [tensor],
                base: null,
                models: [{}],
                shared: {},
                stream: '',
              },
            )
          : { ...tensor, ...facts },
      );
      return;
    }
    const { method, inputs, base, models, shared, reference, seed = this.recipe.seed } = made;
    const [first] = inputs;
    const odd = inputs.find(({ shape }) => !sameShape(shape, first!.shape));
    if (odd !== undefined) {
      const vocabulary = isHead(name) || EMBEDDING.test(name);
      this.trouble(vocabulary ? 'vocabulary' : 'shape-mismatch', reference, name, (names) =>
        vocabulary
          ? `The models have vocabularies of different sizes ([${first!.shape.join(', ')}] and [${odd.shape.join(', ')}]), and tokens are not moved to other rows here: ${names}.`
          : `The models have tensors of different shapes, such as [${first!.shape.join(', ')}] and [${odd.shape.join(', ')}]: ${names}.`,
      );
      return;
    }
    const quantised = inputs.find(({ dtype }) => dtype.startsWith('F8'));
    if (quantised !== undefined || inputs.some(({ dtype }) => !isFloat(dtype))) {
      this.trouble(
        'unsupported',
        reference,
        name,
        (names) =>
          `Weights that are stored quantised (${quantised?.dtype ?? inputs.find(({ dtype }) => !isFloat(dtype))!.dtype}) cannot be merged; give the models as they were before: ${names}.`,
      );
      return;
    }
    const dtype = this.dtype ?? promoted(inputs.map((input) => input.dtype));
    const random = method === 'noise' || METHODS[method].random;
    this.tensors.set(
      name,
      computedTensor(
        { ...facts, dtype, shape: first!.shape },
        {
          kind: 'merge',
          method,
          inputs,
          base: base ?? null,
          models,
          shared,
          stream: random ? `${seed}/${name}` : '',
        },
      ),
    );
  }

  /** The shape of the owner's tensor of the same kind, in any layer. */
  private expected(name: string, owner: Checkpoint): readonly number[] | undefined {
    return (owner.tensors.get(name) ?? this.sibling(name, owner))?.shape;
  }

  /** The same tensor of another layer. */
  private sibling(name: string, owner: Checkpoint): Tensor | undefined {
    const { section, layer } = placeTensor(name, owner, [0, 0]);
    if (layer === null) return undefined;
    const { layers } = sectionsOf(owner)[section];
    return layers.flatMap((tensors) => tensors.filter(({ stack, rest }) => name === `${stack}.${layer}.${rest}`))[0]
      ?.tensor;
  }

  /** The name on disk, as the owner spells names. */
  private spelling(name: string, tensor: Tensor, owner: Checkpoint): string {
    const same = owner.tensors.get(name);
    if (same !== undefined) return same.onDisk;
    const other = this.sibling(name, owner) ?? tensor;
    const { layer } = placeTensor(name, owner, [0, 0]);
    if (layer === null) return other.onDisk;
    const from = placeTensor(other.name, owner, [0, 0]).layer;
    return other.onDisk.replace(`.${from}.`, `.${layer}.`);
  }

  private indexOf(source: Source): number {
    const at = this.sources.indexOf(source);
    return at >= 0 ? at : this.sources.push(source) - 1;
  }

  private checkedRange(range: LayerRange | undefined, { checkpoint, label }: Source): [number, number] | undefined {
    const { layers } = checkpoint;
    if (range === undefined) return [0, layers];
    const [first] = range.value;
    if (range.value[1] <= layers) return range.value;
    return this.fail(
      'layer-range',
      range,
      `${label} has layers 0 to ${layers - 1}, so a range ends at most at ${layers}.`,
      first < layers
        ? {
            title: `Change to [${first}, ${layers}]`,
            edits: [{ offset: range.offset, length: range.length, text: `[${first}, ${layers}]` }],
          }
        : undefined,
    );
  }

  private related(reference: Reference, source: Source, owner: Source): boolean {
    try {
      sameFamily(owner.checkpoint, source.checkpoint);
      const turned = source === owner ? undefined : turnedExperts(owner.checkpoint, source.checkpoint);
      if (turned === undefined) return true;
      this.fail(
        'shape-mismatch',
        reference,
        `${source.label} and ${owner.label} may store the experts of ${turned} with different axes last, so their weights do not meet: save both with the same version of transformers.`,
      );
      return false;
    } catch (error) {
      this.fail(
        'family-mismatch',
        reference,
        `${source.label} is ${source.checkpoint.family} and ${owner.label} is ${owner.checkpoint.family}: two families share no tensors.`,
      );
      if (!(error instanceof FrankensteinError)) throw error;
      return false;
    }
  }

  private sectionOf(module: string, { checkpoint }: Source): Section | undefined {
    const { language, vision, projector } = familyById(checkpoint.layout);
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

  private modulesOf(source: Source): string[] {
    return ['text_decoder', 'vision_tower', 'multi_modal_projector'].filter(
      (name) => this.sectionOf(name, source) !== undefined,
    );
  }

  /** Parts of the owner that no module names are left out, as mergekit leaves them out without a word. */
  private checkParts(
    { body, method }: MergeForm,
    listed: ReadonlySet<Section>,
    owner: Source,
    reference: Reference,
  ): void {
    const missing = this.modulesOf(owner).filter((name) => !listed.has(MODULES[name]!.section));
    if (missing.length === 0) return;
    const first = body.kind === 'modules' ? body.modules[0]?.name.offset : undefined;
    const line = first === undefined ? '' : this.text.slice(this.text.lastIndexOf('\n', first - 1) + 1, first);
    // One module after another, or all in braces.
    const separator = line.trim() === '' ? `\n${line}` : ', ';
    this.report({
      code: 'parts-missing',
      severity: 'warning',
      offset: body.offset,
      length: body.length,
      // Other methods want several models, and parameters for them.
      fix:
        first === undefined || method.value !== 'passthrough'
          ? undefined
          : {
              title: `Take ${missing.join(' and ')} from ${reference.value}`,
              edits: [
                {
                  offset: first,
                  length: 0,
                  text: missing
                    .map((name) => `${name}: {models: [{model: ${JSON.stringify(reference.value)}}]}${separator}`)
                    .join(''),
                },
              ],
            },
      message: `The result lacks ${missing.join(' and ')}, which ${owner.label} has and no module names: mergekit leaves them out without a word.`,
    });
  }

  /** mergekit's passthrough takes final norm and head from the last slice, the paper everything from the first. */
  private noteEnds(bodies: readonly MergeBody[], owner: Source): void {
    for (const body of bodies) {
      if (body.kind !== 'slices') continue;
      const [first, last] = [body.slices[0]?.sources[0], body.slices.at(-1)?.sources[0]];
      if (first === undefined || last === undefined || this.sourceOf(first.model) === this.sourceOf(last.model))
        continue;
      const { layers } = owner.checkpoint;
      this.report({
        code: 'note',
        severity: 'information',
        offset: last.model.offset,
        length: last.model.length,
        message: `Final norm and head come from the last slice, ${last.model.value}. The paper's rule takes them from the first: end with a slice of no layers, {model: ${first.model.value}, layer_range: [${layers}, ${layers}]}.`,
      });
    }
  }

  private checkFilters(settings: readonly Setting[], sources: readonly Source[]): void {
    const filters = settings.flatMap((setting) =>
      setting.kind === 'conditional' ? setting.cases.flatMap(({ filter }) => filter ?? []) : [],
    );
    if (filters.length === 0) return;
    const names = sources.flatMap(({ checkpoint }) =>
      [...checkpoint.tensors.values()].map((tensor) => spellings(tensor)),
    );
    for (const filter of filters) {
      if (names.some((spelled) => fits(filter.value, spelled))) continue;
      const segments = new Set(names.flatMap(([name]) => name!.split('.').filter((segment) => !/^\d+$/.test(segment))));
      const close = nearest(filter.value, segments);
      this.report({
        code: 'unused-filter',
        severity: 'warning',
        offset: filter.offset,
        length: filter.length,
        message: `No tensor's name holds "${filter.value}"${close === undefined ? '.' : `; did you mean ${close}?`}`,
        fix:
          close === undefined
            ? undefined
            : { title: `Change to ${close}`, edits: [{ offset: filter.offset, length: filter.length, text: close }] },
      });
    }
  }

  private trouble(code: ProblemCode, place: Place, name: string, say: (names: string) => string): void {
    const key = `${code} ${place.offset} ${place.length}`;
    const known = this.troubles.get(key);
    if (known === undefined) this.troubles.set(key, { code, place, names: [name], say });
    else known.names.push(name);
  }

  private fail(
    code: ProblemCode,
    { offset, length }: Place,
    message: string,
    fix?: { title: string; edits: { offset: number; length: number; text: string }[] },
  ): undefined {
    this.report({ code, severity: 'error', offset, length, message, fix });
    this.failed = true;
    return undefined;
  }
}

/** A tensor of the result: one that is there, or one to compute. */
type Made =
  | { tensor: Tensor; reference?: Reference }
  | {
      method: KernelName;
      inputs: readonly Tensor[];
      base?: number | undefined;
      models: readonly Parameters[];
      shared: Parameters;
      seed?: number;
      reference: Reference;
    };

/** The spellings of a tensor's name that filters are held against: canonical, on disk, and as mergekit's tables have it. */
function spellings({ name, onDisk }: Tensor, canonical = name): string[] {
  return [
    canonical,
    onDisk,
    canonical.replace(/^model\.language_model\./, 'model.').replace(/^model\.(?=visual\.)/, ''),
  ];
}

function settingsOf({ parameters, body }: MergeForm): Setting[] {
  const ofBody = (one: MergeBody): Parameter[] =>
    one.kind === 'models'
      ? one.models.flatMap((model) => model.parameters)
      : one.slices.flatMap((slice) => [...slice.parameters, ...slice.sources.flatMap((source) => source.parameters)]);
  const inner =
    body.kind === 'modules'
      ? body.modules.flatMap((module) => [...module.parameters, ...ofBody(module.body)])
      : ofBody(body);
  return [...parameters, ...inner].map(({ setting }) => setting);
}

/** The dtype that holds all of them, as PyTorch promotes. */
function promoted(dtypes: readonly Dtype[]): Dtype {
  const [first, ...rest] = dtypes;
  if (rest.every((dtype) => dtype === first)) return first!;
  return dtypes.includes('F64') ? 'F64' : 'F32';
}

/**
 * Where mergekit's tables put a projector's tensor in a gradient: the Qwen mergers' MLP at the end, as the last of two
 * layers of the same names, DeepStack's mergers by their number, everything else at the start.
 */
function projectorPlace(name: string, names: readonly string[]): number {
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

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, index) => size === b[index]);
}
