/** Which keys of a `config.json` say something that training moved, and what there is to show beside each. */
import type { JsonKey } from './jsonKeys.js';
import { formatNumber } from '../protocol/numbers.js';
import { lensText, plainLabel, type AnyDelta, type FigureOptions } from './figures.js';
import type { Lookup } from './lookup.js';

export interface ConfigFigure {
  line: number;
  /** Heading of the hover. */
  heading: string;
  deltas: (AnyDelta | null)[];
  /** Texts of the lenses, one per update. */
  lenses: string[];
  /** Where *Open* leads. */
  tensor: string | null;
}

export function configFigures(keys: readonly JsonKey[], lookup: Lookup, options: FigureOptions): ConfigFigure[] {
  const figures: ConfigFigure[] = [];
  const seen = new Set<string>();
  for (const { path, line } of keys) {
    const subject = subjectOf(path);
    // Some configs say a thing twice, at the top and in a part of their own.
    if (subject === undefined || seen.has(subject)) continue;
    const figure = figureOf(subject, line, lookup, options);
    if (figure === undefined) continue;
    seen.add(subject);
    figures.push(figure);
  }
  return figures;
}

type Subject = 'language' | 'vision' | 'projector' | 'embedding';

function subjectOf(path: readonly string[]): Subject | undefined {
  const key = path.at(-1)!;
  const inVision = path.slice(0, -1).some((part) => part.includes('vision'));
  if (key === 'vision_config') return 'vision';
  if (inVision) return key === 'out_hidden_size' ? 'projector' : undefined;
  if (key === 'num_hidden_layers') return 'language';
  if (key === 'vocab_size') return 'embedding';
  if (key.startsWith('projector_') || key.startsWith('multimodal_projector') || key === 'mm_projector_type')
    return 'projector';
  return undefined;
}

function figureOf(subject: Subject, line: number, lookup: Lookup, options: FigureOptions): ConfigFigure | undefined {
  const { result } = lookup;
  if (subject === 'embedding') {
    const tensor = result.tensors.find(
      ({ component, section, shape }) => component === 'embedding' && section !== 'vision' && shape.length > 1,
    );
    return (
      tensor && {
        line,
        heading: 'Embedding',
        deltas: tensor.deltas,
        lenses: lenses('embedding', tensor.deltas, lookup, options),
        tensor: tensor.name,
      }
    );
  }
  const section = result.sections.find((entry) => entry.section === subject);
  if (section === undefined) return undefined;
  const heading = { language: 'Language layers', vision: 'Vision tower', projector: 'Projector' }[subject];
  const texts = lenses(subject, section.deltas, lookup, options);
  if (subject === 'language') texts.push(...regionLenses(lookup));
  return { line, heading, deltas: section.deltas, lenses: texts, tensor: null };
}

function lenses(
  subject: Subject,
  deltas: readonly (AnyDelta | null)[],
  lookup: Lookup,
  options: FigureOptions,
): string[] {
  return deltas.flatMap((delta, from) =>
    delta === null ? [] : [`${subject}: ${lensText(lookup.label(from), delta, options)}`],
  );
}

/** `ΔRL early 2.8e-4 · mid 3.1e-4 · late 4.0e-4` */
function regionLenses(lookup: Lookup): string[] {
  const from = lookup.ownDelta;
  const regions = lookup.result.regions.map(
    ({ region, deltas }) => `${region} ${formatNumber(deltas[from]?.relative ?? null)}`,
  );
  return regions.length === 0 ? [] : [`Δ${plainLabel(lookup.label(from))} ${regions.join(' · ')}`];
}
