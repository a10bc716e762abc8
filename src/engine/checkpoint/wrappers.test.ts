// Names saved from inside wrappers, and PEFT models that were saved whole.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { readElements } from '../tensors/elements.js';
import { fingerprint } from './fingerprint.js';
import { inspectCheckpoint } from '../analyses/inspect/inspect.js';
import { openCheckpoint } from '../merge/checkpoint.js';
import { nameInFile } from './wrappers.js';
import { pair, writeAdapter } from '../../../test/fixtures/adapter.js';
import {
  type CheckpointOptions,
  temporaryFolder,
  type TemporaryFolder,
  writeCheckpoint,
  type WrittenTensor,
} from '../../../test/fixtures/checkpoints.js';

let temporary: TemporaryFolder;
beforeAll(async () => (temporary = await temporaryFolder()));
afterAll(() => temporary.remove());

let count = 0;
const fresh = () => path.join(temporary.path, `checkpoint-${count++}`);
const named = (rename: (name: string) => string) => (tensors: WrittenTensor[]) =>
  tensors.map((tensor) => ({ ...tensor, name: rename(tensor.name) }));
const inLayers = (wrapper: string) => (name: string) =>
  name.replace(/\.(layers|blocks)\.(\d+)\./, `.$1.$2.${wrapper}.`);

describe('names from inside a wrapper', () => {
  const wrapped: { what: string; rename: (name: string) => string; wrappers: string[]; family?: string }[] = [
    { what: 'torch.compile', rename: (name) => `_orig_mod.${name}`, wrappers: ['_orig_mod'] },
    { what: 'DDP', rename: (name) => `module.${name}`, wrappers: ['module'] },
    { what: 'DDP of torch.compile', rename: (name) => `module._orig_mod.${name}`, wrappers: ['module', '_orig_mod'] },
    { what: 'FSDP', rename: inLayers('_fsdp_wrapped_module'), wrappers: ['_fsdp_wrapped_module'] },
    {
      what: 'FSDP around all and around layers that are checkpointed',
      rename: (name) => `_fsdp_wrapped_module.${inLayers('_fsdp_wrapped_module._checkpoint_wrapped_module')(name)}`,
      wrappers: ['_fsdp_wrapped_module', '_checkpoint_wrapped_module'],
    },
    { what: 'layers that are compiled', rename: inLayers('_orig_mod'), wrappers: ['_orig_mod'] },
    { what: 'Lightning Fabric', rename: (name) => `_forward_module.${name}`, wrappers: ['_forward_module'] },
    { what: 'Lightning', rename: (name) => `state_dict.model.${name}`, wrappers: ['state_dict', 'model'] },
    { what: 'PEFT without an adapter', rename: (name) => `base_model.model.${name}`, wrappers: ['base_model.model'] },
    {
      what: 'PEFT around the language model alone, as InternVL trains it',
      rename: (name) => name.replace(/^language_model\./, 'language_model.base_model.model.'),
      wrappers: ['base_model.model'],
      family: 'internvl_chat',
    },
    {
      what: 'PEFT around linear maps',
      rename: (name) => name.replace(/(_proj)\.(weight|bias)$/, '$1.base_layer.$2'),
      wrappers: ['base_layer'],
    },
    { what: "a trainer's own attribute", rename: (name) => `policy.${name}`, wrappers: ['policy'] },
    {
      what: "a trainer's attributes of a text model",
      rename: (name) => `actor.net.${name}`,
      wrappers: ['actor.net'],
      family: 'llama',
    },
    { what: 'Lightning of a text model', rename: (name) => `model.${name}`, wrappers: ['model'], family: 'qwen2' },
    { what: 'a wrapper of LLaVA', rename: (name) => `model.${name}`, wrappers: ['model'], family: 'llava' },
    { what: 'a wrapper of SmolVLM', rename: (name) => `_orig_mod.${name}`, wrappers: ['_orig_mod'], family: 'smolvlm' },
  ];
  for (const { what, rename, wrappers, family } of wrapped) {
    it(`are read without it: ${what}`, async () => {
      const options: CheckpointOptions = { layers: 2, layout: 'old', ...(family === undefined ? {} : { family }) };
      const plain = await openCheckpoint((await writeCheckpoint(fresh(), options)).folder);
      for (const config of [undefined, null] as const) {
        const { folder } = await writeCheckpoint(fresh(), {
          ...options,
          edit: named(rename),
          ...(config === null ? { config } : {}),
        });
        const checkpoint = await openCheckpoint(folder);
        assert.deepEqual([...checkpoint.tensors.keys()], [...plain.tensors.keys()]);
        assert.deepEqual(
          [checkpoint.layers, checkpoint.visionLayers, checkpoint.layout],
          [plain.layers, plain.visionLayers, plain.layout],
        );
        assert.deepEqual(checkpoint.reading?.wrappers, wrappers);
        assert.match(checkpoint.warnings.join(), /saved from inside .* names are read without/);
        // As an export would write them.
        assert.deepEqual(
          [...checkpoint.tensors.values()].map(({ onDisk }) => onDisk),
          [...plain.tensors.values()].map(({ onDisk }) => onDisk),
        );
        // As the index has them, for whoever looks for a line of it.
        const inFile = [...plain.tensors.values()].map(({ onDisk }) => rename(onDisk));
        assert.deepEqual([...checkpoint.tensors.values()].map(nameInFile), inFile);
        assert.deepEqual(
          (await inspectCheckpoint(folder)).tensors.map(({ onDisk }) => onDisk),
          inFile,
        );
      }
    });
  }

  it('are read without it beside a value head, which is of no section', async () => {
    const { folder } = await writeCheckpoint(fresh(), {
      family: 'llama',
      edit: (tensors) => [
        ...named((name) => `pretrained_model.${name}`)(tensors),
        { name: 'v_head.summary.weight', shape: [1, 16], dtype: 'F32', data: new Float32Array(16) },
      ],
    });
    const { layers, tensors, reading } = await inspectCheckpoint(folder);
    assert.deepEqual([layers, reading?.wrappers], [4, ['pretrained_model']]);
    assert.equal(tensors.find(({ name }) => name.startsWith('v_head'))?.section, 'other');
  });

  it('stay as they are where another tensor has the name already, and where two models lie side by side', async () => {
    const twice = await writeCheckpoint(fresh(), {
      family: 'llama',
      edit: (tensors) => [...tensors, { ...tensors[0]!, name: `module.${tensors[0]!.name}` }],
    });
    const checkpoint = await openCheckpoint(twice.folder);
    assert.equal(checkpoint.tensors.size, twice.tensors.length);
    assert.deepEqual(checkpoint.reading?.wrappers, []);
    const two = await writeCheckpoint(fresh(), {
      family: 'llama',
      edit: (tensors) => ['student', 'policy'].flatMap((model) => named((name) => `${model}.${name}`)(tensors)),
    });
    const both = await openCheckpoint(two.folder);
    assert.deepEqual([both.layers, both.tensors.size], [0, two.tensors.length]);
    assert.match(both.warnings.join(), /4 language layers, but no tensor has the name of one/);
    assert.match(
      both.warnings.join(),
      /several copies of a model, in "student", "policy", and nothing says which counts/,
    );
  });

  it('are the trained model where a frozen or averaged copy lies beside it', async () => {
    for (const [trained, other] of [
      ['policy', 'ref_model'],
      ['actor', 'critic'],
      ['model_student', 'ema'],
      ['policy', 'old_policy'],
    ] as const) {
      const doubled = named((name) => `${other}.${name}`);
      const { folder } = await writeCheckpoint(fresh(), {
        family: 'llama',
        layers: 2,
        edit: (tensors) => [...doubled(tensors), ...named((name) => `${trained}.${name}`)(tensors)],
      });
      const checkpoint = await openCheckpoint(folder);
      assert.deepEqual([checkpoint.layers, checkpoint.reading?.wrappers], [2, [trained]]);
      assert.equal(nameInFile(checkpoint.tensors.get('model.norm.weight')!), `${trained}.model.norm.weight`);
      assert.match(checkpoint.warnings.join(), new RegExp(`copies of a model, in .*: the one in "${trained}" is read`));
      assert.match(checkpoint.warnings.join(), /tensors are no part of the model as transformers runs it/);
    }
  });

  it('are refused where two wrappers hold one tensor each, and nothing says which counts', async () => {
    const { folder } = await writeCheckpoint(fresh(), {
      family: 'llama',
      edit: (tensors) => ['_orig_mod', 'module'].flatMap((at) => named((name) => `${at}.${name}`)(tensors)),
    });
    await assert.rejects(openCheckpoint(folder), /copies of one tensor from inside different wrappers.*"_orig_mod\./);
  });

  it("are a trainer's base_model as well as PEFT's", async () => {
    for (const family of ['qwen2', 'qwen2_5_vl', 'llama']) {
      const { folder, tensors } = await writeCheckpoint(fresh(), {
        family,
        layers: 2,
        layout: 'old',
        edit: named((name) => `base_model.${name}`),
      });
      const checkpoint = await openCheckpoint(folder);
      assert.deepEqual([checkpoint.layers, checkpoint.reading?.wrappers], [2, ['base_model']], family);
      assert.equal(checkpoint.tensors.size, tensors.length);
      assert.ok([...checkpoint.tensors.keys()].every((name) => !name.includes('base_model')));
    }
  });

  it('are said where a value head or another copy lies beside the model', async () => {
    const beside = ['v_head.summary.weight', 'ema.model.norm.weight', 'lm_head.bias'];
    const { folder } = await writeCheckpoint(fresh(), {
      family: 'qwen2',
      edit: (tensors) => [...tensors, ...beside.map((name) => ({ ...tensors[0]!, name }))],
    });
    const { warnings } = await openCheckpoint(folder);
    assert.match(
      warnings.join(),
      /3 tensors are no part of the model as transformers runs it, and in no layer: v_head/,
    );
  });

  it('are what an index means whose tensors are not there: what the model needs is missing', async () => {
    const { folder } = await writeCheckpoint(fresh(), {
      family: 'llama',
      shards: 2,
      edit: named((name) => `policy._orig_mod.${name}`),
    });
    const index = path.join(folder, 'model.safetensors.index.json');
    const absent = async (name: string) => {
      const { weight_map: map } = JSON.parse(await readFile(index, 'utf8')) as { weight_map: Record<string, string> };
      map[name] = 'model-00001-of-00002.safetensors';
      await writeFile(index, JSON.stringify({ weight_map: map }));
    };
    await absent('policy._orig_mod.mtp.fc.weight');
    assert.match((await openCheckpoint(folder)).warnings.join(), /the model does not need it: "policy._orig_mod.mtp/);
    await absent('policy._orig_mod.model.layers.3.mlp.gone.weight');
    await assert.rejects(
      openCheckpoint(folder),
      /says that "policy\._orig_mod\.model\.layers\.3\.mlp\.gone\.weight" is in/,
    );
  });

  it('of a model without its head, saved alone, are those of the model', async () => {
    for (const [family, prefix] of [
      ['qwen2_5_vl', /^model\./],
      ['qwen3_vl', /^model\./],
      ['smolvlm', /^model\./],
    ] as const) {
      const whole = await openCheckpoint((await writeCheckpoint(fresh(), { family, tied: true })).folder);
      const { folder } = await writeCheckpoint(fresh(), {
        family,
        tied: true,
        edit: (tensors) =>
          named((name) => name.replace(prefix, ''))(tensors.filter(({ name }) => name !== 'lm_head.weight')),
      });
      const exclusive = await openCheckpoint(folder);
      assert.deepEqual(
        [...exclusive.tensors.keys()],
        [...whole.tensors.keys()].filter((name) => name !== 'lm_head.weight'),
        family,
      );
    }
  });
});

describe('a PEFT model that was saved whole', () => {
  const Q = 'model.layers.0.self_attn.q_proj';
  const NORM = 'model.norm';
  const config = {
    peft_type: 'LORA',
    r: 2,
    lora_alpha: 8,
    base_model_name_or_path: 'nowhere',
  };
  const factors = pair(Q, 16, 16, 2, 7);
  /** `base_layer` around q_proj, its factors, and two copies of the final norm. */
  const state = (prefix: string) => (tensors: WrittenTensor[]) => [
    ...tensors.flatMap((tensor) => {
      if (tensor.name === `${Q}.weight`) return { ...tensor, name: `${prefix}${Q}.base_layer.weight` };
      if (tensor.name !== `${NORM}.weight`) return { ...tensor, name: `${prefix}${tensor.name}` };
      return [
        { ...tensor, name: `${prefix}${NORM}.original_module.weight` },
        { ...tensor, name: `${prefix}${NORM}.modules_to_save.default.weight`, data: new Float32Array(16).fill(3) },
      ];
    }),
    ...factors.map((factor) => ({
      ...factor,
      name: factor.name.replace('base_model.model.', prefix).replace(/\.weight$/, '.default.weight'),
    })),
  ];
  const options = { family: 'llama', dtype: 'F32' } as const;

  for (const prefix of ['base_model.model.', '', '_orig_mod.base_model.model.', 'module.base_model.model.']) {
    it(`is its weights with the updates added (${prefix || 'no prefix'})`, async () => {
      const { folder: base } = await writeCheckpoint(fresh(), options);
      const adapter = await writeAdapter(fresh(), {
        config: { ...config, base_model_name_or_path: base },
        tensors: factors,
      });
      const { folder } = await writeCheckpoint(fresh(), { ...options, edit: state(prefix) });
      await writeFile(path.join(folder, 'adapter_config.json'), JSON.stringify(config));
      const [plain, adapted, whole] = await Promise.all([base, adapter, folder].map((at) => openCheckpoint(at)));
      assert.deepEqual([...whole!.tensors.keys()], [...plain!.tensors.keys()]);
      assert.deepEqual([whole!.layers, whole!.virtual?.kind], [4, 'adapter']);
      for (const [name, tensor] of whole!.tensors) {
        const [values, expected] = [new Float64Array(tensor.size), new Float64Array(tensor.size)];
        await readElements(tensor, 0, values);
        if (name === `${NORM}.weight`) expected.fill(3);
        else await readElements(adapted!.tensors.get(name)!, 0, expected);
        assert.deepEqual(values, expected, name);
      }
      const inspected = await inspectCheckpoint(folder);
      assert.match(inspected.madeOf ?? '', /LoRA of rank 2/);
      assert.deepEqual(
        inspected.shards.map(({ file }) => file),
        ['model.safetensors'],
      );
      assert.equal(await fingerprint(whole!), inspected.fingerprint);
    });
  }

  it('is refused by name where nothing says how its factors are scaled', async () => {
    const { folder } = await writeCheckpoint(fresh(), { ...options, edit: state('base_model.model.') });
    await assert.rejects(openCheckpoint(folder), (error: Error & { code: string }) => {
      assert.equal(error.code, 'unsupported');
      assert.match(
        error.message,
        /2 parts of an adapter beside its weights \("model\.layers\.0.*lora_A.*no adapter_config\.json/,
      );
      return true;
    });
  });

  it('is refused where what lies beside a wrapped weight is an adapter of a kind that is not known', async () => {
    const { folder } = await writeCheckpoint(fresh(), {
      ...options,
      edit: (tensors) => [
        ...state('base_model.model.')(tensors).filter(({ name }) => !name.includes('lora_')),
        { ...factors[0]!, name: `base_model.model.${Q}.hra_u.default` },
      ],
    });
    await assert.rejects(openCheckpoint(folder), /1 part of an adapter beside its weights \("model.*q_proj\.hra_u/);
  });

  it('is refused where several adapters trained copies of one tensor', async () => {
    const { folder } = await writeCheckpoint(fresh(), {
      ...options,
      edit: (tensors) =>
        tensors.flatMap((tensor) =>
          tensor.name === `${NORM}.weight`
            ? ['original_module', 'modules_to_save.default', 'modules_to_save.second'].map((copy) => ({
                ...tensor,
                name: `${NORM}.${copy}.weight`,
              }))
            : tensor,
        ),
    });
    await assert.rejects(
      openCheckpoint(folder),
      /from several adapters, .*"model\.norm\.modules_to_save\.default\.weight", "model\.norm\.modules_to_save\.second\.weight"/,
    );
  });

  it('is refused by name where its parts are no LoRA, or nothing but parts', async () => {
    const { folder } = await writeCheckpoint(fresh(), {
      ...options,
      edit: (tensors) => [
        ...state('')(tensors),
        { ...factors[0]!, name: `${Q}.lora_magnitude_vector.default.weight`, shape: [2, 16] },
      ],
    });
    await writeFile(path.join(folder, 'adapter_config.json'), JSON.stringify(config));
    await assert.rejects(openCheckpoint(folder), /DoRA/);
    const parts = await writeCheckpoint(fresh(), { ...options, edit: () => factors });
    await assert.rejects(openCheckpoint(parts.folder), /holds parts of an adapter and no weights of a model/);
  });
});
