/** Layout of a merge: a stack of sources per section of the model. */
import { type Section, SECTIONS } from '../../../topology/topology.js';
import type { Compilation } from '../../compile/context.js';
import { checkedRange, diagnoseFilters } from '../../compile/diagnose.js';
import type { Layout } from '../../compile/layout.js';
import { layoutOfStacks } from '../../compile/layoutOfStacks.js';
import { type SectionStacks, type Stack, type StackSource, wholeSource, wholeStack } from '../../compile/stack.js';
import type { Source } from '../../compile/types.js';
import type { MergeBody, MergeForm, OutputSlice, Parameter } from '../../recipe/ast.js';
import { sectionsOf } from '../../sections.js';
import { bodiesOf, inputsOf, settingsOf } from './bodies.js';
import { diagnoseMissingParts, diagnoseSlices, diagnoseUnknownModule } from './diagnose.js';
import { sectionOfModule } from './modules.js';

export function layoutOfMerge(form: MergeForm, compilation: Compilation): Layout | undefined {
  const { body } = form;
  const inputs = bodiesOf(form).flatMap(inputsOf);
  const first = form.base ?? inputs[0]?.model;
  if (first === undefined) return undefined;
  const owner = compilation.sourceOf(first);
  const sections: SectionStacks[] = [];
  const add = (section: Section, one: MergeBody, levels: Parameter[][]) => {
    const stacks = stacksOf(section, one, { form, levels, owner, compilation });
    if (stacks !== undefined) sections.push(stacks);
  };
  if (body.kind === 'modules') {
    const listed = new Set<Section>();
    for (const { name, body: inner, parameters } of body.modules) {
      const section = sectionOfModule(name.value, owner);
      if (section === undefined) {
        diagnoseUnknownModule(name, owner, compilation);
        continue;
      }
      listed.add(section);
      add(section, inner, [parameters]);
    }
    diagnoseMissingParts(form, { listed, owner, reference: first }, compilation);
  } else {
    for (const section of SECTIONS) add(section, body, []);
    diagnoseSlices(body, owner, compilation.report);
  }
  const sources = new Set(inputs.map(({ model }) => compilation.sourceOf(model)));
  diagnoseFilters(settingsOf(form), [...sources], compilation.report);
  return sections.length === 0 ? undefined : layoutOfStacks(owner, sections, compilation);
}

interface BodyContext {
  form: MergeForm;
  /** Parameters above the body's, most specific first; the recipe's own are below them. */
  levels: Parameter[][];
  owner: Source;
  compilation: Compilation;
}

/** What a body gives one section; undefined where it gives nothing. */
function stacksOf(section: Section, body: MergeBody, context: BodyContext): SectionStacks | undefined {
  if (body.kind === 'models') {
    const stack = stackOfModels(section, body, context);
    return { section, stacks: [stack], before: stack, after: stack };
  }
  const { form, owner } = context;
  const stacks = body.slices.map((slice) => stackOfSlice(slice, context));
  const [first, last] = [stacks[0], stacks.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const ownSection = form.body.kind === 'modules' || section === 'language';
  if (!ownSection) {
    const whole = wholeStack(first, section);
    return { section, stacks: [whole], before: whole, after: whole };
  }
  // A projector has no numbered layers, though mergekit counts some.
  if (layersOf(owner, section) === 0) return { section, stacks: [], before: first, after: first };
  const name = section === 'vision' ? 'vision blocks' : 'layers';
  for (const { range, source } of stacks.flatMap(({ sources }) => sources))
    checkedRange(range, source, { name, count: layersOf(source, section) }, context.compilation);
  return { section, stacks, before: first, after: last };
}

function layersOf({ checkpoint }: Source, section: Section): number {
  return sectionsOf(checkpoint)[section].layers.length;
}

function stackOfModels(
  section: Section,
  body: Extract<MergeBody, { kind: 'models' }>,
  { form, levels, compilation }: BodyContext,
): Stack {
  const sources = body.models.map(({ model, parameters }): StackSource =>
    wholeSource(model, compilation.sourceOf(model), parameters, section),
  );
  const base = form.base && compilation.sourceOf(form.base);
  // mergekit adds the base where it is not listed, last.
  if (form.base && base && !sources.some(({ source }) => source === base))
    sources.push(wholeSource(form.base, base, [], section));
  return { sources, method: form.method.value, base, levels: [...levels, form.parameters], span: body };
}

function stackOfSlice(
  { sources, base: own, parameters, offset, length }: OutputSlice,
  { form, levels, compilation }: BodyContext,
): Stack {
  const base = own ?? form.base;
  return {
    method: form.method.value,
    levels: [parameters, ...levels, form.parameters],
    span: { offset, length },
    base: base && compilation.sourceOf(base),
    sources: sources.map(({ model, layers, parameters: ofSource }) => ({
      reference: model,
      source: compilation.sourceOf(model),
      range: layers,
      parameters: ofSource,
    })),
  };
}
