/**
 * The families that can be run, as data: where their weights lie, what their configs leave out, and which of the graph
 * pieces they are made of. A new family is one more entry; what it does that no other does is one more piece.
 *
 * Source of every number: the configuration classes of `transformers`, whose defaults a published config may omit.
 */
import type { Activation } from './graphs/ops.js';

/** How the three coordinates of a token share the frequencies of the rotation. */
export type RopeAxes =
  /** One position per token. */
  | 'text'
  /** Contiguous sections: first time, then height, then width (Qwen2-VL). */
  | 'sections'
  /** Time, height, width in turn, time for the rest (Qwen3-VL). */
  | 'interleaved';

export interface LanguageFamily {
  /** Canonical path above `layers`, `embed_tokens` and `norm`. */
  root: string;
  /** Where the config gives none. */
  ropeTheta: number;
  /** Of the RMS norms, where the config gives none. */
  epsilon: number;
  /** Biases: on queries, keys and values always, or on those and the output where the config's `attention_bias` says. */
  biases: 'qkv' | 'attention_bias';
  /** Whether the config's `mlp_bias` counts. */
  mlpBias?: true;
  /** Queries and keys are normalised per head. */
  qkNorm?: true;
  /** Sliding attention, from the layer on where the config gives none; left out: the family has none. */
  windowsFrom?: number;
  axes: RopeAxes;
  /** Frequencies per axis, where the config gives none. Empty for `text`. */
  sections: readonly number[];
}

export interface VisionFamily {
  /** Canonical path of the tower. */
  root: string;
  /** Key of the config that holds the tower's width. */
  widthKey: 'hidden_size' | 'embed_dim';
  norm: 'rms' | 'layer';
  /** Matrices of a block's MLP: gate, up, down, or in, out. */
  mlp: { kind: 'gated'; gate: string; up: string; down: string } | { kind: 'plain'; first: string; second: string };
  /** Where the config gives none. */
  activation: Activation;
  merger: { norm: string; first: string; second: string };
  patchSize: number;
  /** Attention within windows in all blocks but the config's `fullatt_block_indexes`. */
  windows?: { size: number; fullBlocks: readonly number[] };
  /** Coordinates of boxes in answers: pixels of the picture as it was resized, or thousandths of its sides. */
  boxes: 'pixels' | 'thousandths';
  /** A learned table of positions, interpolated to the picture's grid. */
  positionTable?: true;
  /** Features of some blocks that are added to the first language layers' outputs. */
  deepstack?: { merger: VisionFamily['merger']; blocks: readonly number[] };
}

export interface ModelFamily {
  /** `model_type` of the config. */
  modelType: string;
  /** For people. */
  name: string;
  language: LanguageFamily;
  vision?: VisionFamily;
}

const NESTED = 'model.language_model';
const FLAT = 'model';
const TOWER = 'model.visual';

const QWEN2_MERGER = { norm: 'ln_q', first: 'mlp.0', second: 'mlp.2' } as const;
const QWEN3_MERGER = { norm: 'norm', first: 'linear_fc1', second: 'linear_fc2' } as const;

export const MODEL_FAMILIES: readonly ModelFamily[] = [
  {
    modelType: 'qwen2_5_vl',
    name: 'Qwen2.5-VL',
    language: {
      root: NESTED,
      ropeTheta: 1_000_000,
      epsilon: 1e-5,
      biases: 'qkv',
      windowsFrom: 80,
      axes: 'sections',
      sections: [16, 24, 24],
    },
    vision: {
      root: TOWER,
      widthKey: 'hidden_size',
      norm: 'rms',
      activation: 'silu',
      mlp: { kind: 'gated', gate: 'mlp.gate_proj', up: 'mlp.up_proj', down: 'mlp.down_proj' },
      merger: QWEN2_MERGER,
      boxes: 'pixels',
      patchSize: 14,
      windows: { size: 112, fullBlocks: [7, 15, 23, 31] },
    },
  },
  {
    modelType: 'qwen2_vl',
    name: 'Qwen2-VL',
    language: {
      root: NESTED,
      ropeTheta: 1_000_000,
      epsilon: 1e-5,
      biases: 'qkv',
      windowsFrom: 80,
      axes: 'sections',
      sections: [16, 24, 24],
    },
    vision: {
      root: TOWER,
      widthKey: 'embed_dim',
      norm: 'layer',
      activation: 'quick_gelu',
      mlp: { kind: 'plain', first: 'mlp.fc1', second: 'mlp.fc2' },
      merger: QWEN2_MERGER,
      boxes: 'thousandths',
      patchSize: 14,
    },
  },
  {
    modelType: 'qwen3_vl',
    name: 'Qwen3-VL',
    language: {
      root: NESTED,
      ropeTheta: 500_000,
      epsilon: 1e-6,
      biases: 'attention_bias',
      qkNorm: true,
      axes: 'interleaved',
      sections: [24, 20, 20],
    },
    vision: {
      root: TOWER,
      widthKey: 'hidden_size',
      norm: 'layer',
      activation: 'gelu_pytorch_tanh',
      mlp: { kind: 'plain', first: 'mlp.linear_fc1', second: 'mlp.linear_fc2' },
      merger: QWEN3_MERGER,
      boxes: 'thousandths',
      patchSize: 16,
      positionTable: true,
      deepstack: { merger: QWEN3_MERGER, blocks: [8, 16, 24] },
    },
  },
  {
    modelType: 'qwen2',
    name: 'Qwen2 and Qwen2.5',
    language: {
      root: FLAT,
      ropeTheta: 10_000,
      epsilon: 1e-6,
      biases: 'qkv',
      windowsFrom: 28,
      axes: 'text',
      sections: [],
    },
  },
  {
    modelType: 'qwen3',
    name: 'Qwen3',
    language: {
      root: FLAT,
      ropeTheta: 10_000,
      epsilon: 1e-6,
      biases: 'attention_bias',
      qkNorm: true,
      windowsFrom: 28,
      axes: 'text',
      sections: [],
    },
  },
  {
    modelType: 'llama',
    name: 'Llama',
    language: {
      root: FLAT,
      ropeTheta: 10_000,
      epsilon: 1e-6,
      biases: 'attention_bias',
      mlpBias: true,
      axes: 'text',
      sections: [],
    },
  },
];
