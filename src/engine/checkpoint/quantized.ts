/**
 * Which stored tensors are weights as they lie, which are quantised ones, and which are neither. A quantised weight is
 * codes that mean nothing without the tensors beside it. Where the scheme is known and exact, the weight is computed
 * from both (`scaled.ts`); every other one is left out by name. Quantised codes are never read as weights.
 *
 * Sources: transformers `integrations/finegrained_fp8.py`, compressed-tensors, bitsandbytes, AutoGPTQ, AutoAWQ,
 * OpenAI's MXFP4, NVIDIA ModelOpt, torchao, Quanto, HQQ: the names their checkpoints have.
 */
import type { Found, LeftOutTensor, Quantisation, StoredTensor, ScaledExpression } from './checkpoint.js';
import { dtypeOf } from './decode.js';
import { EMPTY, FROM_ZERO3, isPlaceholder } from './empty.js';
import { quoted, thousands } from './failure.js';
import { type BlockSize, gridOf, type Grid } from './scaleGrid.js';
import type { QuantisationSettings } from './quantizationConfig.js';

/** A weight that its codes and scales give, before it has a canonical name. */
export interface Dequantised {
  onDisk: string;
  shape: number[];
  expression: ScaledExpression;
}

/** A left-out tensor before names are canonical. */
export type LeftOut = Omit<LeftOutTensor, 'name'>;

/** A checkpoint's files, sorted by what can be read of them. */
export interface Readable {
  /** In file order. */
  tensors: (Omit<StoredTensor, 'name'> | Dequantised)[];
  /** `weight` is the name that the weight would have on disk. */
  leftOut: LeftOut[];
  quantisation: Quantisation[];
  /** Sentences for the user. */
  warnings: string[];
}

/** A weight's name and what the tensor beside it is. `sure`: no ordinary model has a tensor of such a name. */
interface Partner {
  weight: string;
  part: string;
  sure: boolean;
}

const ON_WEIGHT =
  /^(.+\.weight)(?:_((?:scale|scales|blocks|block_scale|global_scale|zero_point|zeros?|zp|packed|g_idx|amax)(?:_\w+)?)|\.((?:absmax|quant_|nested_|SCB|_)[\w.]*)|(:\w+))$/;
const MAYBE_ON_WEIGHT = /^(.+\.weight)_(shape|format|offset|bits)$/;
const ON_EXPERTS =
  /^(.+\.experts\.\w+?)(?:_weight)?_(blocks|scales|scale|scale_inv|scale_2|global_scale|packed|zero_points?|zeros)$/;
const ON_MODULE = /^(.+)\.(qweight|qzeros|SCB|W_q|codebooks|_weight_\w+)$/;
const MAYBE_ON_MODULE = /^(.+)\.(scales?|scale_inv|zeros?|g_idx|codes|meta|B|s)$/;
/** A scale of a name that is not known: codes beside it are not what they lie there as. */
const UNKNOWN_SCALE = /^(.+)\.(\w*scale\w*)$/;
/** What activations were scaled by while the model ran: of no use for a weight. */
const ACTIVATION =
  /\.(?:(?:input|output|act|activation|attn|prob|kv?|v|q|key|value|query|kv_cache)_(?:scale|amax|zero_point|offset|global_scale)\w*|input_scale_ub)$/;

function partnerOf(onDisk: string): Partner | undefined {
  const onWeight = ON_WEIGHT.exec(onDisk);
  if (onWeight) return { weight: onWeight[1]!, part: onWeight[2] ?? onWeight[3] ?? onWeight[4]!, sure: true };
  const onExperts = ON_EXPERTS.exec(onDisk);
  if (onExperts) return { weight: onExperts[1]!, part: onExperts[2]!, sure: true };
  const onModule = ON_MODULE.exec(onDisk);
  if (onModule) return { weight: `${onModule[1]!}.weight`, part: onModule[2]!, sure: true };
  const maybe = MAYBE_ON_WEIGHT.exec(onDisk);
  if (maybe) return { weight: maybe[1]!, part: maybe[2]!, sure: false };
  const maybeOnModule = MAYBE_ON_MODULE.exec(onDisk);
  if (maybeOnModule) return { weight: `${maybeOnModule[1]!}.weight`, part: maybeOnModule[2]!, sure: false };
  const unknown = ACTIVATION.test(onDisk) ? null : UNKNOWN_SCALE.exec(onDisk);
  return unknown ? { weight: `${unknown[1]!}.weight`, part: unknown[2]!, sure: false } : undefined;
}

/** Whether a weight may lie in this dtype as codes: anything but the usual floats, and the integers of indices. */
function isCode(dtype: string): boolean {
  return !['F64', 'F32', 'F16', 'BF16', 'I64', 'U64', 'BOOL', 'C64'].includes(dtype);
}

/** The tensor called `weight`, where it is stored, and what lies beside it. */
interface Group {
  weight: string;
  codes: Found | undefined;
  parts: Map<string, Found>;
}

/**
 * Sorts the tensors of a checkpoint's files. Reads no weight. Never throws.
 * @param settings what its config says of quantisation.
 */
export function sortReadable(found: readonly Found[], settings: QuantisationSettings | undefined): Readable {
  const groups = groupsOf(found);
  // As transformers: a weight in a float dtype is what it is, without a config that says otherwise, or with one that
  // leaves its module out.
  const plain = [...groups.values()].filter(
    (group) =>
      group.codes && !isCode(group.codes.dtype) && !isPacked(group) && settings?.quantises(group.weight) !== true,
  );
  for (const { weight } of plain) groups.delete(weight);
  // Of a module that a quantised model leaves out they are left-overs; without quantisation, nobody knows.
  const unused = new Set(settings === undefined ? [] : plain.flatMap(({ parts }) => [...parts.values()]));
  const isQuantised = settings !== undefined || groups.size > 0;
  const memberOf = new Map<Found, Group>();
  for (const group of groups.values())
    for (const tensor of [...(group.codes ? [group.codes] : []), ...group.parts.values()]) memberOf.set(tensor, group);

  const schemes = new Schemes();
  const decisions = new Map<Group, Decision>();
  for (const group of new Set(memberOf.values())) {
    const decision = decide(group, settings);
    decisions.set(group, decision);
    schemes.add(group.weight, decision);
  }
  const unread = [
    ...[...decisions].flatMap(([{ weight }, { kind }]) => (kind === 'left-out' ? [weight] : [])),
    ...found.flatMap((tensor) => (isQuantised && !memberOf.has(tensor) && isCode(tensor.dtype) ? [tensor.onDisk] : [])),
  ];
  const unreadModules = new Map(
    unread.flatMap((weight) => (weight.endsWith('.weight') ? [[moduleOf(weight), weight] as const] : [])),
  );
  const result: Readable = { tensors: [], leftOut: [], quantisation: [], warnings: [] };
  const activations: string[] = [];
  const empty: string[] = [];
  const strange: Found[] = [];
  for (const tensor of found) {
    const group = memberOf.get(tensor);
    if (isPlaceholder(tensor)) {
      empty.push(tensor.onDisk);
      result.leftOut.push({ ...tensor, weight: tensor.onDisk, reason: EMPTY });
    } else if (group !== undefined) {
      const decision = decisions.get(group)!;
      if (decision.kind === 'left-out')
        result.leftOut.push({ ...tensor, weight: group.weight, reason: decision.reason });
      else if (tensor === group.codes)
        result.tensors.push({ onDisk: tensor.onDisk, shape: tensor.shape, expression: decision.expression });
      else result.leftOut.push({ ...tensor, weight: null, reason: `It belongs to ${quoted(group.weight)}.` });
    } else if (unused.has(tensor)) {
      result.leftOut.push({ ...tensor, weight: null, reason: 'It is a scale of a weight that is stored without one.' });
    } else if (isQuantised && ACTIVATION.test(tensor.onDisk)) {
      activations.push(tensor.onDisk);
      result.leftOut.push({ ...tensor, weight: null, reason: 'It scales activations, and is no weight.' });
    } else if (isPartOf(tensor, unreadModules)) {
      const weight = unreadModules.get(moduleOf(tensor.onDisk))!;
      result.leftOut.push({ ...tensor, weight: null, reason: `It belongs to ${quoted(weight)}.` });
    } else if (isQuantised && isCode(tensor.dtype)) {
      const decision = withoutScale(tensor, settings);
      schemes.add(tensor.onDisk, decision);
      result.leftOut.push({ ...tensor, weight: tensor.onDisk, reason: decision.reason });
    } else {
      const dtype = dtypeOf(tensor.dtype);
      if (dtype !== undefined) result.tensors.push({ ...tensor, dtype });
      else {
        strange.push(tensor);
        const reason = `It is stored as ${quoted(tensor.dtype)}, a dtype that is not read here.`;
        result.leftOut.push({ ...tensor, weight: tensor.onDisk, reason });
      }
    }
  }
  result.quantisation = schemes.list();
  result.warnings = [
    ...schemes.warnings(),
    ...warningsOf(settings, isQuantised, schemes, { activations, empty, plain, unread: strange }),
  ];
  return result;
}

/**
 * What weights are packed with so that not even their shape is left: a float dtype beside it is a container of codes.
 */
function isPacked({ parts }: Group): boolean {
  return [...parts.keys()].some((part) => /^(?:absmax|quant_|nested_|packed|blocks|qweight|W_q|[:_])/.test(part));
}

/** `a.b` of `a.b.weight`. */
function moduleOf(onDisk: string): string {
  return onDisk.slice(0, Math.max(0, onDisk.lastIndexOf('.')));
}

/**
 * Whether the tensor lies beside a weight that is not read, and is no bias: tables, shapes and offsets of its codes.
 */
function isPartOf({ onDisk }: Found, unreadModules: ReadonlyMap<string, string>): boolean {
  return unreadModules.has(moduleOf(onDisk)) && !/\.(?:weight|bias)$/.test(onDisk);
}

/** Groups that are quantised weights, by the weight's name. */
function groupsOf(found: readonly Found[]): Map<string, Group> {
  const byName = new Map(found.map((tensor) => [tensor.onDisk, tensor]));
  const groups = new Map<string, Group & { sure: boolean }>();
  for (const tensor of found) {
    const partner = partnerOf(tensor.onDisk);
    if (partner === undefined) continue;
    const { weight, part, sure } = partner;
    const group = groups.get(weight) ?? { weight, codes: byName.get(weight), parts: new Map(), sure: false };
    group.parts.set(part, tensor);
    group.sure ||= sure;
    groups.set(weight, group);
  }
  for (const [weight, { codes, sure }] of groups)
    if (!sure && !(codes !== undefined && isCode(codes.dtype))) groups.delete(weight);
  return groups;
}

interface LeftOutDecision {
  kind: 'left-out';
  scheme: string;
  /** What of it is not usable; empty where the scheme itself is not read here. */
  why: string;
  /** A sentence. */
  reason: string;
}

type Decision = { kind: 'dequantised'; scheme: string; expression: ScaledExpression } | LeftOutDecision;

/** What a quantised weight is made of; or why it is left out. */
function decide(group: Group, settings: QuantisationSettings | undefined): Decision {
  const { codes, parts } = group;
  const scheme = schemeOf(group, settings);
  const leave = (why: string) => leftOut(scheme, why);
  if (codes === undefined) return leave([...parts.keys()].every(isScale) ? 'its codes are missing' : '');
  const stored = codesOf(codes, scheme);
  if (stored === undefined) return leave('');
  const scales = parts.get('SCB') ?? parts.get('scale_inv') ?? parts.get('scale');
  const known = new Set(['SCB', 'scale_inv', 'scale', 'format']);
  const others = [...parts.keys()].filter((part) => !known.has(part));
  const zero = others.find((part) => /^(?:zero|zp)/.test(part));
  if (scheme === INT8 && zero !== undefined)
    return leave(`its codes have a zero point (${quoted(zero)}), which is not read here`);
  if (scales === undefined || others.length > 0 || parts.size > (parts.has('format') ? 2 : 1)) return leave('');
  const read = scalesOf(scales);
  if (read === undefined) return leave(`its scales are stored as ${quoted(scales.dtype)}`);
  const grid = gridOf(codes.shape, scales.shape, [...(settings?.blocks ?? []), ...(read.exponents ? [MX_BLOCK] : [])]);
  if (grid === undefined)
    return leave(
      `scales of shape [${scales.shape.join(', ')}] do not say which parts of [${codes.shape.join(', ')}] they are for`,
    );
  if (scheme === BITSANDBYTES_8 && (grid.block[0] !== 1 || grid.grid[1] !== 1)) return leave('');
  const format = parts.get('format');
  return {
    kind: 'dequantised',
    scheme: nameOf(scheme, grid),
    expression: {
      kind: 'scaled',
      codes: stored,
      ...read,
      grid: grid.grid,
      block: grid.block,
      divisor: scheme === BITSANDBYTES_8 ? 127 : 1,
      format: format && { ...format, dtype: 'U8' },
    },
  };
}

function isScale(part: string): boolean {
  return part === 'scale' || part === 'scale_inv';
}

/** What shares a power of two in the MX formats of OCP. */
const MX_BLOCK: BlockSize = [1, 32];

const FP8 = 'FP8';
const INT8 = 'int8';
const BITSANDBYTES_8 = 'bitsandbytes int8';

/** The codes, where their values are known: of floats what they are, of integers where the scheme says so. */
function codesOf(codes: Found, scheme: string): Omit<StoredTensor, 'name'> | undefined {
  const wanted: Readonly<Record<string, readonly string[]>> = {
    [FP8]: ['F8_E4M3', 'F8_E5M2'],
    [INT8]: ['I8'],
    [BITSANDBYTES_8]: ['I8'],
  };
  const dtype = wanted[scheme]?.includes(codes.dtype) === true ? dtypeOf(codes.dtype) : undefined;
  return dtype === undefined || codes.size === 0 ? undefined : { ...codes, dtype };
}

function scalesOf(scales: Found): Pick<ScaledExpression, 'scales' | 'exponents'> | undefined {
  if (['F8_E8M0', 'U8'].includes(scales.dtype)) return { scales: { ...scales, dtype: 'U8' }, exponents: true };
  const dtype = dtypeOf(scales.dtype);
  return dtype !== undefined && ['F64', 'F32', 'F16', 'BF16'].includes(dtype)
    ? { scales: { ...scales, dtype }, exponents: false }
    : undefined;
}

/** By the tensors that are there; by the config where these do not tell. */
function schemeOf({ codes, parts }: Group, settings: QuantisationSettings | undefined): string {
  const has = (pattern: RegExp) => [...parts.keys()].some((part) => pattern.test(part));
  const method = settings?.method;
  if (has(/^SCB$/)) return BITSANDBYTES_8;
  if (has(/^(?:absmax|quant_|nested_)/)) return 'bitsandbytes 4-bit';
  if (has(/^qweight$/)) return method === undefined ? 'GPTQ or AWQ' : (NAMES[method] ?? method);
  if (has(/^blocks$/)) return 'MXFP4';
  if (has(/^(?:scale_2|global_scale)$/)) return 'NVFP4';
  if (has(/^W_q$/)) return 'HQQ';
  if (has(/^codebooks$/)) return 'AQLM';
  if (has(/^(?::|_weight_)/)) return 'torchao';
  if (has(/^_/)) return 'Quanto';
  if (codes?.dtype === 'F8_E4M3' || codes?.dtype === 'F8_E5M2') return FP8;
  if (codes?.dtype === 'I8' && method === 'compressed-tensors') return INT8;
  if (method !== undefined) return NAMES[method] ?? method;
  return codes === undefined ? 'an unknown scheme' : `an unknown scheme of dtype ${quoted(codes.dtype)}`;
}

/** Methods of quantization_config whose name is not what people call them. */
const NAMES: Readonly<Record<string, string>> = {
  gptq: 'GPTQ',
  awq: 'AWQ',
  hqq: 'HQQ',
  aqlm: 'AQLM',
  fp8: FP8,
  fbgemm_fp8: FP8,
  mxfp4: 'MXFP4',
  quanto: 'Quanto',
};

/** A weight of a quantised checkpoint that lies there as codes, with nothing beside it. */
function withoutScale(tensor: Found, settings: QuantisationSettings | undefined): LeftOutDecision {
  const scheme = schemeOf({ weight: tensor.onDisk, codes: tensor, parts: new Map() }, settings);
  return leftOut(scheme, 'no scale is stored for it');
}

function leftOut(scheme: string, why: string): LeftOutDecision {
  const reason = `It is quantised (${scheme})${why === '' ? ', which is not read here' : `, and ${why}`}.`;
  return { kind: 'left-out', scheme, why, reason };
}

function nameOf(scheme: string, { per }: Grid): string {
  return scheme === BITSANDBYTES_8 ? scheme : `${scheme} with one scale per ${per}`;
}

/** Counts weights per scheme, and says what became of them. */
class Schemes {
  private readonly byKey = new Map<string, { scheme: string; decision: Decision; names: string[] }>();

  add(weight: string, decision: Decision): void {
    const key = JSON.stringify([decision.kind, decision.scheme, decision.kind === 'left-out' ? decision.why : '']);
    const known = this.byKey.get(key) ?? { scheme: decision.scheme, decision, names: [] };
    known.names.push(weight);
    this.byKey.set(key, known);
  }

  get size(): number {
    return this.byKey.size;
  }

  list(): Quantisation[] {
    return [...this.byKey.values()].map(({ scheme, decision, names }) => ({
      scheme,
      tensors: names.length,
      dequantised: decision.kind === 'dequantised',
    }));
  }

  warnings(): string[] {
    return [...this.byKey.values()].map(({ scheme, decision, names }) => {
      const [are, they] = names.length === 1 ? ['weight is', 'it is'] : ['weights are', 'they are'];
      const subject = `${thousands(names.length)} ${are} quantised (${scheme})`;
      if (decision.kind === 'dequantised')
        return (
          `${subject}: ${they} read as code × scale, rounded to float32. Quantisation itself rounds far more, ` +
          'which the rounding floor does not count.'
        );
      const why = decision.why === '' ? 'which is not read here' : `and ${decision.why}`;
      return `${subject}, ${why}: ${they} left out (${listed(names)}).`;
    });
  }
}

function warningsOf(
  settings: QuantisationSettings | undefined,
  isQuantised: boolean,
  schemes: Schemes,
  {
    activations,
    empty,
    plain,
    unread,
  }: {
    activations: readonly string[];
    empty: readonly string[];
    plain: readonly Group[];
    unread: readonly Found[];
  },
): string[] {
  const warnings: string[] = [];
  if (plain.length > 0)
    warnings.push(
      `Scales lie beside ${thousands(plain.length)} ${plain.length === 1 ? 'weight' : 'weights'} that ` +
        'nothing in the config calls quantised and that ' +
        `${plain.length === 1 ? 'is stored as a float: it is' : 'are stored as floats: they are'} read as stored, ` +
        `without the scales (${listed(plain.map(({ weight }) => weight))}).`,
    );
  if (settings !== undefined && isQuantised && schemes.size === 0)
    warnings.push(
      `The config says that weights are quantised${settings.method === undefined ? '' : ` (${settings.method})`}, ` +
        'yet no quantised weight is stored: they are read as they are stored.',
    );
  if (empty.length > 0)
    warnings.push(
      `${thousands(empty.length)} ${empty.length === 1 ? 'tensor has' : 'tensors have'} no elements and ` +
        `${empty.length === 1 ? 'is' : 'are'} left out (${listed(empty)}): ${FROM_ZERO3}`,
    );
  if (activations.length > 0)
    warnings.push(
      `${thousands(activations.length)} ${activations.length === 1 ? 'tensor scales' : 'tensors scale'} ` +
        `activations, not weights, and ${activations.length === 1 ? 'is' : 'are'} left out ` +
        `(${listed(activations)}).`,
    );
  for (const dtype of new Set(unread.map((tensor) => tensor.dtype))) {
    const names = unread.filter((tensor) => tensor.dtype === dtype).map(({ onDisk }) => onDisk);
    const are = names.length === 1 ? 'tensor is' : 'tensors are';
    warnings.push(
      `${thousands(names.length)} ${are} stored as ${quoted(dtype)}, a dtype that is not read here, ` +
        `and left out (${listed(names)}).`,
    );
  }
  return warnings;
}

/** Names in one warning. */
const NAMED = 3;

function listed(names: readonly string[]): string {
  return `${names.slice(0, NAMED).map(quoted).join(', ')}${names.length > NAMED ? ', …' : ''}`;
}
