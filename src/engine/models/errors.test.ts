/** What cannot be run is refused in a sentence that says why. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { cp, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspectCheckpoint } from '../analyses/inspect/inspect.js';
import { openCheckpoint } from '../merge/checkpoint.js';
import { openModel } from './model.js';
import { readSpec } from './spec.js';
import { providerOf } from './sessions.js';
import { inFile } from '../../../test/fixtures/checkpoints.js';

const CHECKPOINTS = path.resolve('test/parity/model/checkpoints');
const openAt = async (folder: string) => openModel(await openCheckpoint(folder), { threads: 1 });
const text = (...ids: number[]) => ({ inputIds: Int32Array.from(ids), images: [] });
const IMAGE = 2;

describe('a model refuses', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'model-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function copyOf(
    name: string,
    change: (config: Record<string, unknown>) => void = () => undefined,
  ): Promise<string> {
    const copy = path.join(folder, name);
    await cp(path.join(CHECKPOINTS, name), copy, { recursive: true });
    const file = path.join(copy, 'config.json');
    const config = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    change(config);
    await writeFile(file, JSON.stringify(config));
    return copy;
  }

  it('families that are not built, naming those that are', async () => {
    const copy = await copyOf('llama3', (config) => (config['model_type'] = 'mistral'));
    await assert.rejects(openAt(copy), { code: 'unsupported', message: /"mistral".*Qwen2\.5-VL.*Llama/ });
  });

  it('rotations that are not built', async () => {
    const copy = await copyOf(
      'llama3',
      (config) => (config['rope_parameters'] = { rope_type: 'longrope', rope_theta: 1e4, factor: 2 }),
    );
    await assert.rejects(openAt(copy), {
      code: 'unsupported',
      message: /"longrope", which is not built here; default, linear, dynamic, llama3, yarn and mrope are/,
    });
  });

  it('rotations and flat configs that transformers does not read for the family', async () => {
    const old = await copyOf('qwen3_vl', (config) => {
      const text = config['text_config'] as Record<string, unknown>;
      text['rope_scaling'] = { type: 'mrope', mrope_section: [2, 1, 1] };
    });
    await assert.rejects(openAt(old), { code: 'unsupported', message: /"mrope".* does not know for this family/ });
    const flat = await copyOf('qwen3_vl', (config) => {
      const { text_config: text, ...top } = config;
      for (const key of Object.keys(config)) delete config[key];
      Object.assign(config, text, top);
    });
    await assert.rejects(openAt(flat), { code: 'malformed', message: /without "text_config".* Qwen3-VL from there/ });
  });

  it('head counts that do not divide the matrices', async () => {
    const copy = await copyOf('qwen3', (config) => (config['num_attention_heads'] = 5));
    await assert.rejects(openAt(copy), { code: 'malformed', message: /5 heads/ });
  });

  it('a head that is neither stored nor tied, which transformers would start at random', async () => {
    // Presence of a flag alone does not tie: text models are untied by default, Qwen3-VL looks at the top level only.
    const cases: [name: string, change: (config: Record<string, unknown>) => void][] = [
      ['qwen2-tied', (config) => (config['tie_word_embeddings'] = false)],
      ['qwen2-tied', (config) => delete config['tie_word_embeddings']],
      [
        'qwen3_vl-tied',
        (config) => {
          config['tie_word_embeddings'] = false;
          (config['text_config'] as Record<string, unknown>)['tie_word_embeddings'] = true;
        },
      ],
    ];
    for (const [name, change] of cases) {
      const copy = await copyOf(name, change);
      await assert.rejects(openAt(copy), {
        code: 'malformed',
        message: /has no lm_head\.weight, and its config\.json does not tie the head .* would start the head at random/,
      });
      // It can still be looked at and compared, with a warning.
      const inspected = await inspectCheckpoint(copy);
      assert.equal(inspected.headMissing, true);
      assert.match(inspected.warnings.join(), /no lm_head\.weight is stored: transformers would start it at random/);
    }
    const other = await copyOf('qwen2_5_vl-tied', (config) => {
      config['tie_word_embeddings'] = false;
      (config['text_config'] as Record<string, unknown>)['tie_word_embeddings'] = true;
    });
    await (await openAt(other)).close();
  });

  it('a head that has not as many rows as the embedding', async () => {
    const checkpoint = await openCheckpoint(path.join(CHECKPOINTS, 'qwen3'));
    const head = checkpoint.tensors.get('lm_head.weight')!;
    const [rows, columns] = head.shape as [number, number];
    for (const other of [rows - 4, rows + 4]) {
      const tensors = new Map(checkpoint.tensors);
      tensors.set('lm_head.weight', { ...head, shape: [other, columns], size: other * columns });
      assert.throws(() => readSpec({ ...checkpoint, tensors }), {
        code: 'malformed',
        message: new RegExp(`lm_head\\.weight of shape \\[${other}, ${columns}\\], and an embedding of \\[${rows}, `),
      });
    }
  });

  it('no layers at all', async () => {
    const copy = await copyOf('qwen3', (config) => (config['num_hidden_layers'] = 0));
    await assert.rejects(openAt(copy), { code: 'malformed', message: /has no language layers that its config/ });
  });

  it('layers that the config counts and nothing is stored of', async () => {
    const copy = await copyOf('qwen3', (config) => (config['num_hidden_layers'] = 6));
    await assert.rejects(openAt(copy), {
      code: 'malformed',
      message: /says 6 language layers, but nothing is stored of 4, 5: transformers would start them at random/,
    });
  });

  it('prompts that do not fit', async () => {
    const model = await openAt(path.join(CHECKPOINTS, 'qwen2_5_vl-tied'));
    await assert.rejects(model.prefill([]), { code: 'bad-request' });
    await assert.rejects(model.prefill([text()]), { code: 'bad-request', message: /no token/ });
    await assert.rejects(model.prefill([text(7, 96)]), { code: 'bad-request', message: /96.*vocabulary/ });
    await assert.rejects(model.prefill([text(...new Array<number>(513).fill(9))]), {
      code: 'bad-request',
      message: /513.*512/,
    });
    await assert.rejects(model.prefill([text(8, IMAGE, 9)]), {
      code: 'bad-request',
      message: /1 image tokens.*0 images/,
    });
    const image = { grid: [1, 2, 2] as const, pixelValues: new Float32Array(4 * 96) };
    await assert.rejects(model.prefill([{ inputIds: Int32Array.of(8, IMAGE, IMAGE, 9), images: [image] }]), {
      code: 'bad-request',
      message: /2 image tokens.*1 features/,
    });
    await assert.rejects(
      model.prefill([
        { inputIds: Int32Array.of(8, IMAGE, 9), images: [{ ...image, pixelValues: new Float32Array(5) }] },
      ]),
      { code: 'bad-request', message: /5 values/ },
    );
    await model.close();
  });

  it('images for a text model', async () => {
    const model = await openAt(path.join(CHECKPOINTS, 'qwen3'));
    await assert.rejects(
      model.prefill([
        { inputIds: Int32Array.of(8), images: [{ grid: [1, 2, 2], pixelValues: new Float32Array(4 * 96) }] },
      ]),
      { code: 'bad-request', message: /no images/ },
    );
    await model.close();
  });

  it('interventions that are nowhere, or do not fit', async () => {
    const model = await openAt(path.join(CHECKPOINTS, 'qwen2_5_vl-tied'));
    const run = (intervention: object) =>
      model.prefill([text(7, 8)], { interventions: [{ at: 0, ...intervention } as never] });
    await assert.rejects(run({ at: 4, what: { kind: 'skip', part: 'layer' } }), {
      code: 'bad-request',
      message: /no layer 4.*0 to 3/,
    });
    await assert.rejects(run({ what: { kind: 'skip', part: 'layer' }, rows: [1] }), {
      code: 'bad-request',
      message: /no row 1/,
    });
    const stranger = await openCheckpoint(path.join(CHECKPOINTS, 'qwen3'));
    await assert.rejects(run({ what: { kind: 'stitch', checkpoint: stranger } }), { code: 'mismatch' });
    const source = { prefilled: await model.prefill([text(7, 8)], { capture: { hidden: [0] } }), row: 0 };
    await assert.rejects(run({ what: { kind: 'swap', mode: 'hidden', source } }), {
      code: 'bad-request',
      message: /as many of them: 0 here, 0 in the source/,
    });
    await model.close();
  });

  it('weights that make NaN, naming the first layer', async () => {
    const copy = await copyOf('qwen3');
    const { tensors } = await openCheckpoint(copy);
    const broken = inFile(tensors.get('model.layers.2.mlp.down_proj.weight'));
    const handle = await open(broken.shard.realPath, 'r+');
    await handle.write(Uint8Array.of(0xc0, 0x7f), 0, 2, broken.begin);
    await handle.close();
    const model = await openAt(copy);
    await assert.rejects(model.prefill([text(7, 8, 9)]), { code: 'malformed', message: /from layer 2 on/ });
    await model.close();
  });

  it('providers that do not exist', () => {
    assert.throws(() => providerOf('tpu'), { code: 'bad-request', message: /cpu, webgpu/ });
  });

  it('to go on once cancelled', async () => {
    const model = await openAt(path.join(CHECKPOINTS, 'qwen3'));
    const cancel = new AbortController();
    await assert.rejects(
      model.prefill([text(7, 8)], { signal: cancel.signal, onLayer: (layer) => layer === 1 && cancel.abort() }),
      { code: 'cancelled' },
    );
    await model.close();
  });
});
