/** What is wrong with a merge given its checkpoints, and where it is not what its user may expect. */
import { METHODS } from '../../../tensors/methods/list.js';
import type { Section } from '../../../topology/topology.js';
import type { Compilation } from '../../compile/context.js';
import type { Layout } from '../../compile/layout.js';
import type { Source } from '../../compile/types.js';
import type { MergeBody, MergeForm, Reference } from '../../recipe/ast.js';
import { type Located, nearest, type Report } from '../../recipe/problem.js';
import { MODULES } from '../../recipe/schema/words.js';
import { modulesOf, sectionOfModule } from './modules.js';

export function diagnoseUnknownModule(
  { value, offset, length }: Located<string>,
  owner: Source,
  to: Compilation,
): void {
  const close = nearest(value, Object.keys(MODULES));
  to.fail(
    'unknown-module',
    { offset, length },
    `${owner.label} has no module "${value}"; its modules are ${modulesOf(owner).join(', ')}.`,
    close === undefined ? undefined : { title: `Change to ${close}`, edits: [{ offset, length, text: close }] },
  );
}

/** Slices of a model with vision say nothing of it. */
export function diagnoseSlices(body: MergeBody, { checkpoint }: Source, report: Report): void {
  if (body.kind !== 'slices' || checkpoint.visionLayers === 0) return;
  report({
    code: 'note',
    severity: 'warning',
    offset: body.offset,
    length: body.length,
    message:
      'These slices are layers of the language model; vision tower and projector come from the first slice. ' +
      'mergekit refuses slices for a model of several modules: under modules, text_decoder takes them.',
  });
}

/** Parts of the owner that no module names are left out, as mergekit leaves them out without a word. */
export function diagnoseMissingParts(
  { body, method }: MergeForm,
  { listed, owner, reference }: { listed: ReadonlySet<Section>; owner: Source; reference: Reference },
  { text, report }: Compilation,
): void {
  const missing = modulesOf(owner).filter((name) => !listed.has(MODULES[name]!.section));
  if (missing.length === 0) return;
  const first = body.kind === 'modules' ? body.modules[0]?.name.offset : undefined;
  const line = first === undefined ? '' : text.slice(text.lastIndexOf('\n', first - 1) + 1, first);
  // One module after another, or all in braces.
  const separator = line.trim() === '' ? `\n${line}` : ', ';
  const modules = missing.map((name) => `${name}: {models: [{model: ${JSON.stringify(reference.value)}}]}${separator}`);
  report({
    code: 'parts-missing',
    severity: 'warning',
    offset: body.offset,
    length: body.length,
    // Methods of several models want parameters for them.
    fix:
      first === undefined || !usesOneModel(method.value)
        ? undefined
        : {
            title: `Take ${missing.join(' and ')} from ${reference.value}`,
            edits: [{ offset: first, length: 0, text: modules.join('') }],
          },
    message:
      `The result lacks ${missing.join(' and ')}, which ${owner.label} has and no module names: ` +
      'mergekit leaves them out without a word.',
  });
}

/** mergekit's passthrough takes final norm and head from the last slice, the paper everything from the first. */
export function diagnoseEnds({ body, method }: MergeForm, { owner }: Layout, compilation: Compilation): void {
  if (!usesOneModel(method.value)) return;
  const language =
    body.kind === 'modules'
      ? body.modules.filter(({ name }) => sectionOfModule(name.value, owner) === 'language').map((one) => one.body)
      : [body];
  for (const one of language) {
    if (one.kind !== 'slices') continue;
    const [first, last] = [one.slices[0]?.sources[0]?.model, one.slices.at(-1)?.sources[0]?.model];
    if (first === undefined || last === undefined || compilation.sourceOf(first) === compilation.sourceOf(last))
      continue;
    const { layers } = owner.checkpoint;
    compilation.report({
      code: 'note',
      severity: 'information',
      offset: last.offset,
      length: last.length,
      message:
        `Final norm and head come from the last slice, ${last.value}. ` +
        `The paper's rule takes them from the first: end with a slice of no layers, {model: ${first.value}, ` +
        `layer_range: [${layers}, ${layers}]}.`,
    });
  }
}

/** As mergekit's passthrough. */
function usesOneModel(method: MergeForm['method']['value']): boolean {
  return METHODS[method].models.max === 1;
}
