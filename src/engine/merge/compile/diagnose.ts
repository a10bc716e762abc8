/** What is wrong with a recipe given its checkpoints, and what its user may not expect, as sentences. */
import { thousands } from '../../checkpoint/failure.js';
import { leftOutWeights, whyIncomplete } from '../../checkpoint/leftOut.js';
import { isExtra } from '../../topology/names.js';
import type { LayerRange, Reference, Setting } from '../recipe/ast.js';
import { nearest, type Report } from '../recipe/problem.js';
import { fits } from '../settings.js';
import type { Compilation } from './context.js';
import type { Trouble } from './layout.js';
import { spellings } from './names.js';
import type { Source } from './types.js';

/** Weights that cannot be read are in no result; those that are computed from codes are written as plain numbers. */
export function diagnoseSource(reference: Reference, { label, checkpoint }: Source, report: Report): void {
  const at = { offset: reference.offset, length: reference.length };
  const incomplete = whyIncomplete(checkpoint);
  if (incomplete !== undefined)
    report({ ...at, code: 'unsupported', severity: 'error', message: `${label} cannot be used: ${incomplete}` });
  else if (checkpoint.quantisation !== undefined)
    report({
      ...at,
      code: 'note',
      severity: 'warning',
      message:
        `${label} is quantised (${checkpoint.quantisation.map(({ scheme }) => scheme).join(', ')}): ` +
        'the result has its weights as plain numbers, in float32 unless the recipe sets a dtype.',
    });
  const unused = [...leftOutWeights(checkpoint).values()];
  if (incomplete === undefined && unused.length > 0)
    report({
      ...at,
      code: 'note',
      severity: 'warning',
      message:
        `The result lacks ${thousands(unused.length)} ${unused.length === 1 ? 'tensor' : 'tensors'} of ${label}, ` +
        `such as ${unused[0]!.onDisk}. ${unused[0]!.reason}`,
    });
}

/** One sentence per place and kind, whatever number of tensors it is about. */
export function diagnoseTroubles(troubles: readonly Trouble[], report: Report): void {
  const bySpan = new Map<string, Trouble & { names: string[] }>();
  for (const trouble of troubles) {
    const key = `${trouble.code} ${trouble.span.offset} ${trouble.span.length}`;
    const known = bySpan.get(key);
    if (known === undefined) bySpan.set(key, { ...trouble, names: [trouble.name] });
    else known.names.push(trouble.name);
  }
  for (const { code, span, names, say } of bySpan.values()) {
    const listed = `${names.slice(0, 2).join(', ')}${names.length > 2 ? ` and ${names.length - 2} more` : ''}`;
    report({ code, severity: 'error', offset: span.offset, length: span.length, message: say(listed) });
  }
}

/** Layers beyond those that a config counts are in no result, as with mergekit. */
export function diagnoseExtra(sources: readonly Source[], report: Report): void {
  const labels = sources
    .filter(({ checkpoint }) => [...checkpoint.tensors.keys()].some(isExtra))
    .map(({ label }) => label);
  if (labels.length === 0) return;
  report({
    code: 'note',
    severity: 'warning',
    offset: 0,
    length: 0,
    message:
      `${labels.join(' and ')} ${labels.length === 1 ? 'stores' : 'store'} tensors beyond the layers that the ` +
      'config counts; they are left out.',
  });
}

/** Filters that no tensor of the sources fits. */
export function diagnoseFilters(settings: readonly Setting[], sources: readonly Source[], report: Report): void {
  const filters = settings.flatMap((setting) =>
    setting.kind === 'conditional' ? setting.cases.flatMap(({ filter }) => filter ?? []) : [],
  );
  if (filters.length === 0) return;
  const names = sources.flatMap(({ checkpoint }) =>
    [...checkpoint.tensors.values()].map((tensor) => spellings(tensor)),
  );
  for (const { value, offset, length } of filters) {
    if (names.some((spelled) => fits(value, spelled))) continue;
    const segments = new Set(names.flatMap(([name]) => name!.split('.').filter((segment) => !/^\d+$/.test(segment))));
    const close = nearest(value, segments);
    report({
      code: 'unused-filter',
      severity: 'warning',
      offset,
      length,
      message: `No tensor's name holds "${value}"${close === undefined ? '.' : `; did you mean ${close}?`}`,
      fix: close === undefined ? undefined : { title: `Change to ${close}`, edits: [{ offset, length, text: close }] },
    });
  }
}

/**
 * A range of a source's layers; all of them where the recipe gives none. Undefined when it ends beyond them, which is
 * reported.
 * @param what layers are called, and how many there are.
 */
export function checkedRange(
  range: LayerRange | undefined,
  { label }: Source,
  what: { name: string; count: number },
  compilation: Compilation,
): [number, number] | undefined {
  const { name, count } = what;
  if (range === undefined) return [0, count];
  const [first, end] = range.value;
  if (end <= count) return range.value;
  const { offset, length } = range;
  return compilation.fail(
    'layer-range',
    range,
    `${label} has ${name} 0 to ${count - 1}, so a range ends at most at ${count}.`,
    first < count
      ? { title: `Change to [${first}, ${count}]`, edits: [{ offset, length, text: `[${first}, ${count}]` }] }
      : undefined,
  );
}
