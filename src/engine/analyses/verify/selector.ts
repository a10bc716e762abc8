/**
 * What a plan freezes, in a few words, and the same as a regular expression over parameter names.
 *
 *   early, mid, late, all     regions of the language layers, or all of them
 *   4   4-7                   layers, 0-based and inclusive, as in tensor names
 *   early+9-11                several of these
 *   mid.attention  4-7.mlp    only the attention, or only the MLP, of such layers
 *   /\.q_proj\.weight$/       anything else, with or without slashes: a regular expression, found anywhere in a name
 */
import { FrankensteinError } from '../../errors.js';
import { firstMatches } from '../../runtime/matching.js';
import { layoutById } from '../../families/list.js';
import { regionOfLayer } from '../../topology/cuts.js';
import { indexInStacks } from '../../topology/place.js';
import { REGIONS } from '../../topology/topology.js';
import { quoted, shown } from '../../checkpoint/failure.js';
import type { Parameter } from './parameters.js';
import type { Outside } from './request.js';

export type LayerPart = 'attention' | 'mlp';

/** Layers, whole or in part; or a pattern over names. */
export type Selector =
  | { kind: 'layers'; text: string; layers: readonly number[]; part: LayerPart | null }
  | { kind: 'pattern'; text: string; pattern: string };

/** What a selector matches in one model. */
export interface Selection {
  text: string;
  /** Source of a regular expression that Python and JavaScript read alike; `search` semantics. */
  pattern: string;
  parameters: readonly Parameter[];
  /** Layers that a stitch of the same part would take; null for a pattern. */
  layers: readonly number[] | null;
  part: LayerPart | null;
}

export interface ModelLayers {
  /** Id of the family's entry. */
  layout: string;
  /** Language layers. */
  layers: number;
  cuts: readonly [number, number];
}

const TERM = /^(?:(early|mid|late|all)|(\d{1,4})(?:-(\d{1,4}))?)$/;

/**
 * @throws `bad-request` for layers outside the model, an empty region, and a pattern that is none.
 */
export function parseSelector(text: string, { layers, cuts }: Pick<ModelLayers, 'layers' | 'cuts'>): Selector {
  const trimmed = text.trim();
  const [, body = trimmed, part] = /^(.*)\.(attention|mlp)$/.exec(trimmed) ?? [];
  const terms = body.split('+').map((term) => TERM.exec(term.trim().toLowerCase()));
  if (!terms.every((term) => term !== null)) return { kind: 'pattern', text: trimmed, pattern: patternIn(trimmed) };
  const chosen = new Set<number>();
  for (const [term, region, first, last = first] of terms) {
    if (region !== undefined) {
      const within = range(0, layers).filter((layer) => region === 'all' || regionOfLayer(layer, cuts) === region);
      if (within.length === 0)
        throw new FrankensteinError(
          'bad-request',
          `The region ${region} has no layer with the cuts ${cuts.join(',')} of ${layers} language layers.`,
        );
      for (const layer of within) chosen.add(layer);
      continue;
    }
    const [from, to] = [Number(first), Number(last)];
    if (from > to) throw new FrankensteinError('bad-request', `"${term}" runs backwards: write the lower layer first.`);
    if (to >= layers)
      throw new FrankensteinError(
        'bad-request',
        `"${term}" lies outside the model, whose ${layers} language layers are 0 to ${layers - 1}.`,
      );
    for (const layer of range(from, to + 1)) chosen.add(layer);
  }
  return {
    kind: 'layers',
    text: trimmed,
    layers: [...chosen].sort((a, b) => a - b),
    part: part === undefined ? null : (part as LayerPart),
  };
}

function patternIn(text: string): string {
  const [, pattern = text] = /^\/(.*)\/$/s.exec(text) ?? [];
  try {
    new RegExp(pattern);
  } catch {
    throw new FrankensteinError(
      'bad-request',
      `${quoted(text)} is neither a region (${REGIONS.join(', ')}, all), nor layers such as 4-7, nor a ` +
        `regular expression.`,
    );
  }
  if (/\(\?<[^=!]|\\k<|\\p\{/i.test(pattern))
    throw new FrankensteinError(
      'bad-request',
      `${quoted(text)} uses named groups or \\p{…}, which Python's regular expressions do not read alike.`,
    );
  return pattern;
}

/**
 * What `selector` matches.
 * @throws `bad-request` where it matches nothing, or every parameter there is.
 */
export async function select(
  selector: Selector,
  parameters: readonly Parameter[],
  model: ModelLayers,
  signal?: AbortSignal,
): Promise<Selection> {
  const pattern = selector.kind === 'pattern' ? selector.pattern : layerPattern(selector, parameters, model);
  const matched = await matching(pattern, parameters, signal);
  const { text } = selector;
  if (matched.length === 0)
    throw new FrankensteinError(
      'bad-request',
      `${quoted(text)} matches no parameter: nothing would be frozen. Names look like ` +
        `${quoted(parameters.find(({ layer }) => layer !== null)?.name ?? parameters[0]?.name ?? '')}; ` +
        `regions are ${REGIONS.join(', ')}.`,
    );
  if (matched.length === parameters.length)
    throw new FrankensteinError('bad-request', `${quoted(text)} matches every parameter: nothing would train.`);
  return {
    text,
    pattern,
    parameters: matched,
    layers: selector.kind === 'layers' ? selector.layers : null,
    part: selector.kind === 'layers' ? selector.part : null,
  };
}

/**
 * Parameters in whose names the pattern is found. A pattern may backtrack for ever: it is tried in a thread with a
 * limit.
 */
export async function matching(
  pattern: string,
  parameters: readonly Parameter[],
  signal: AbortSignal | undefined,
): Promise<Parameter[]> {
  const found = await firstMatches(
    [pattern],
    parameters.map(({ name }) => name),
    () => `The pattern ${quoted(pattern)} takes too long: write it without repeated groups.`,
    signal,
  );
  return parameters.filter((_, index) => found[index] === 0);
}

/** Modules of a layer by what they are; a norm beside them belongs to neither. */
const MODULES: Readonly<Record<LayerPart, RegExp>> = {
  attention: /attn|attention/,
  mlp: /mlp|feed_?forward|ffn|moe|experts/,
};

/** `^model\.language_model\.layers\.(4|5|6|7)\.`; closed by the dot, so that 1 is not 10. */
function layerPattern(
  { layers, part }: Extract<Selector, { kind: 'layers' }>,
  parameters: readonly Parameter[],
  { layout }: ModelLayers,
): string {
  const { stacks } = layoutById(layout).language;
  const used = new Set<number>();
  const modules = new Set<string>();
  for (const { name } of parameters) {
    const found = indexInStacks(name, stacks);
    if (found === null) continue;
    used.add(found.stack);
    const [module = ''] = name
      .slice(stacks[found.stack]!.length + 1)
      .split('.')
      .slice(1);
    if (part !== null && MODULES[part].test(module) && !/norm/.test(module)) modules.add(module);
  }
  const roots = stacks.filter((_, stack) => used.has(stack)).map(escaped);
  if (part !== null && modules.size === 0) return '(?!)';
  return `^${group(roots)}\\.(${layers.join('|')})\\.${part === null ? '' : `${group([...modules].map(escaped))}\\.`}`;
}

/** The same for a part outside the language layers. */
export function outsidePattern(part: Outside, parameters: readonly Parameter[], layout: string): string {
  const { vision, projector } = layoutById(layout);
  if (part === 'vision')
    return projector.length === 0
      ? `^${group(vision.roots.map(escaped))}\\.`
      : `^(?!${group(projector.map(escaped))}(\\.|$))${group(vision.roots.map(escaped))}\\.`;
  if (part === 'projector') return `^${group(projector.map(escaped))}(\\.|$)`;
  const names = parameters.filter((parameter) => parameter.part === part).map(({ name }) => escaped(name));
  return names.length === 0 ? '(?!)' : `^${group(names)}$`;
}

/** @throws `bad-request` for a part of `also` that the model does not have */
export function checkOutside(
  also: readonly string[],
  { model, parameters }: { model: { path: string }; parameters: readonly Parameter[] },
): void {
  for (const part of also)
    if (!parameters.some((parameter) => parameter.part === part))
      throw new FrankensteinError(
        'bad-request',
        `--also ${part} matches no parameter of ` +
          `${shown(model.path)}${part === 'head' ? ', whose head is tied to the embedding: freeze embeddings for both' : ''}.`,
      );
}

function group(alternatives: readonly string[]): string {
  return alternatives.length === 1 ? alternatives[0]! : `(${alternatives.join('|')})`;
}

export function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, (sign) => (sign === '-' || sign === '/' ? sign : `\\${sign}`));
}

export function range(from: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - from) }, (_, index) => from + index);
}
