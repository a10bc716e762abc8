/** What became of the sample lineage's frozen runs, and a verification in which something moved. */
import stored from '../../samples/freeze/report.json';
import type { FreezeReport, Verification, VerifyResult } from '../../src/protocol/engineApi.js';

export function frozenReport(): FreezeReport {
  return stored as FreezeReport;
}

const LAYER = 59_000;

function verification(run: string, region: string, moved: Verification['moved']): Verification {
  const regions = ['early', 'mid', 'late'] as const;
  return {
    schema: 1,
    kind: 'verification',
    stages: [],
    cuts: [4, 8],
    in: '/models/in',
    result: `/models/freeze/runs/${run}/result`,
    madeOf: null,
    passed: moved.length === 0,
    frozen: { tensors: 48, parameters: 4 * LAYER, rounded: 0 },
    moved,
    missing: [],
    held: regions
      .filter((one) => one === region)
      .map((group) => ({ group, tensors: 48, parameters: 4 * LAYER, moved: moved.length, missing: 0, rounded: 0 })),
    groups: [
      ...regions
        .filter((one) => one !== region)
        .map((group, at) => ({
          group,
          tensors: 48,
          parameters: 4 * LAYER,
          fro: 0.31 + at / 10,
          floor: 0.012,
          timesFloor: (0.31 + at / 10) / 0.012,
          changed: 0.62,
          unmoved: at,
        })),
      {
        group: 'vision',
        tensors: 50,
        parameters: 210_000,
        fro: 0.05,
        floor: 0.011,
        timesFloor: 4.6,
        changed: 0.2,
        unmoved: 3,
      },
    ],
    warnings:
      region === 'late'
        ? ['mid: no weight moved, though it was free to: it was frozen, or all steps were lost in rounding.']
        : [],
    provenance: {
      runId: '0123456789abcdef',
      startedAt: '2026-11-30T10:03:00.000Z',
      finishedAt: '2026-11-30T10:04:00.000Z',
      engine: '0.1.0',
      onnxruntime: '1.22.0',
      node: 'v20.19.0',
      platform: 'linux-x64',
    },
  };
}

export function verified(): VerifyResult {
  const tensor = 'model.language_model.layers.5.self_attn.q_proj.weight';
  return {
    schema: 1,
    passed: false,
    runs: [
      { run: 'control', verification: verification('control', '', []) },
      { run: 'early', verification: verification('early', 'early', []) },
      {
        run: 'mid',
        verification: verification('mid', 'mid', [
          { name: tensor, onDisk: tensor, elements: 9216, changed: 4410, maxAbs: 0.0021, belowStep: false },
          {
            name: tensor.replace('q_proj', 'k_proj'),
            onDisk: tensor.replace('q_proj', 'k_proj'),
            elements: 4608,
            changed: 3,
            maxAbs: 1e-6,
            belowStep: true,
          },
        ]),
      },
      { run: 'late', verification: null },
    ],
  };
}
