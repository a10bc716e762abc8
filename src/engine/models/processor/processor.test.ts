import assert from 'node:assert/strict';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { type ErrorCode, FrankensteinError } from '../../errors.js';
import { blackLike, type RgbImage } from './image.js';
import { userMessage } from './messages.js';
import { createProcessor } from './processor.js';
import { readTokenizer } from './tokenizer.js';

const FIXTURES = path.resolve('test/parity/processor/fixtures');

let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'frankenstein-processor-'));
});
afterAll(() => rm(root, { recursive: true }));

type Json = Record<string, unknown>;

/** A copy of a fixture with some files changed: merged with an object, replaced by a text, or removed (null). */
async function altered(name: string, changes: Record<string, Json | string | null> = {}): Promise<Checkpoint> {
  const folder = await mkdtemp(path.join(root, `${name}-`));
  await cp(path.join(FIXTURES, name), folder, { recursive: true });
  for (const [file, change] of Object.entries(changes)) {
    const full = path.join(folder, file);
    if (change === null) await rm(full);
    else if (typeof change === 'string') await writeFile(full, change);
    else
      await writeFile(
        full,
        JSON.stringify({ ...(JSON.parse(await readFile(full, 'utf8').catch(() => '{}')) as Json), ...change }),
      );
  }
  const config = JSON.parse(await readFile(path.join(folder, 'config.json'), 'utf8')) as Json;
  return {
    path: folder,
    folder,
    config,
    family: String(config['model_type']),
    layout: String(config['model_type']),
    files: new Map((await readdir(folder)).map((name) => [name, path.join(folder, name)])),
    shards: [],
    tensors: new Map(),
    layers: 1,
    visionLayers: 'vision_config' in config ? 1 : 0,
    visionStacks: [],
    warnings: [],
  };
}

async function refused(work: () => unknown, code: ErrorCode, pattern: RegExp): Promise<void> {
  await assert.rejects(Promise.resolve().then(work), (error) => {
    assert.ok(error instanceof FrankensteinError, String(error));
    assert.match(error.message, pattern);
    assert.equal(error.code, code, error.message);
    return true;
  });
}

function plainImage(width: number, height: number): RgbImage {
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, index) => (index * 7) % 256) };
}

const asked = (images: number) => ({ messages: [userMessage('What is it?', images)] });

describe('a processor', () => {
  it('makes prompts with one, two and no images', async () => {
    const processor = await createProcessor(await altered('qwen2_5_vl'));
    assert.ok(processor.chats);
    for (const count of [0, 1, 2]) {
      const images = Array.from({ length: count }, (_, index) => plainImage(100 + 60 * index, 70));
      const prompt = processor.process({ input: asked(count), images });
      const locations = prompt.inputIds.filter((id) => id === processor.imageToken).length;
      assert.equal(
        locations,
        prompt.images.reduce((sum, { grid }) => sum + processor.visualTokens(grid), 0),
      );
      for (const { grid, pixelValues } of prompt.images)
        assert.equal(pixelValues.length, grid[0] * grid[1] * grid[2] * 3 * 2 * 14 * 14);
    }
    const again = processor.processImage(plainImage(100, 70));
    assert.equal(processor.process({ input: asked(1), images: [again] }).images[0], again);
  });

  it('stretches a source to the grid of its target', async () => {
    const processor = await createProcessor(await altered('qwen3_vl'));
    const target = processor.processImage(plainImage(160, 90));
    const source = processor.resizeTo(plainImage(33, 210), target);
    assert.deepEqual(source.grid, target.grid);
    assert.equal(source.pixelValues.length, target.pixelValues.length);
    assert.deepEqual(processor.resizeTo(plainImage(160, 90), target), target);
    const black = processor.processImage(blackLike(plainImage(160, 90)));
    assert.deepEqual(black.grid, target.grid);
    assert.ok(black.pixelValues.every((value) => value === -1));
  });

  it('knows where to stop, what pads, and how much fits', async () => {
    const processor = await createProcessor(await altered('qwen2_5_vl'));
    assert.deepEqual(
      processor.stopTokens.map((id) => processor.tokenizer.tokenOf(id)),
      ['<|im_end|>', '<|endoftext|>'],
    );
    assert.equal(processor.tokenizer.tokenOf(processor.padToken), '<|endoftext|>');
    assert.equal(processor.contextLength, 32768);
    assert.equal((await createProcessor(await altered('qwen3_vl'))).contextLength, 262144);
    const bare = await createProcessor(await altered('qwen2_5_vl', { 'generation_config.json': null }));
    assert.deepEqual(
      bare.stopTokens.map((id) => bare.tokenizer.tokenOf(id)),
      ['<|im_end|>'],
    );
  });

  it('puts images where the prompt has markers, or before it', () => {
    assert.deepEqual(userMessage('<image>\nWhat?', 1).content, [{ type: 'image' }, { type: 'text', text: 'What?' }]);
    assert.deepEqual(userMessage('What?', 1).content, [{ type: 'image' }, { type: 'text', text: 'What?' }]);
    assert.deepEqual(userMessage('A <image> and <image>.', 2).content, [
      { type: 'text', text: 'A ' },
      { type: 'image' },
      { type: 'text', text: ' and ' },
      { type: 'image' },
      { type: 'text', text: '.' },
    ]);
    assert.equal(userMessage('What?').content, 'What?');
    assert.throws(
      () => userMessage('<image> <image>', 1),
      /^FrankensteinError: The prompt has 2 <image>, but 1 image was given\.$/,
    );
  });

  it('streams a character only when it is whole', async () => {
    const { tokenizer } = await createProcessor(await altered('sample'));
    const text = 'Read 読んで 😀 ok';
    const stream = tokenizer.stream();
    const pieces = tokenizer.encode(text).map((id) => stream.push(id));
    assert.ok(pieces.includes(''));
    assert.ok(pieces.every((piece) => !piece.includes('\ufffd')));
    assert.equal(pieces.join('') + stream.end(), text);
    const long = 'word and 字 '.repeat(100);
    const other = tokenizer.stream();
    assert.equal(
      tokenizer
        .encode(long)
        .map((id) => other.push(id))
        .join('') + other.end(),
      long,
    );
    assert.equal(tokenizer.decode([5000, -1]), '');
  });
});

describe('a processor refuses, naming the file,', () => {
  it('missing and broken tokenizers', async () => {
    const made = async (changes: Parameters<typeof altered>[1]) =>
      createProcessor(await altered('qwen2_5_vl', changes));
    await refused(() => made({ 'tokenizer.json': null }), 'not-found', /has no tokenizer\.json: copy it/);
    await refused(
      () => made({ 'tokenizer.json': null, 'vocab.json': '{}', 'merges.txt': '' }),
      'not-found',
      /has no tokenizer\.json, only vocab\.json and merges\.txt: .*save_pretrained/,
    );
    await refused(() => made({ 'tokenizer.json': '{"model": {' }), 'malformed', /tokenizer\.json.* not valid JSON/);
    await refused(() => made({ 'tokenizer.json': '[]' }), 'malformed', /tokenizer\.json is not a JSON object/);
    await refused(
      () => made({ 'tokenizer.json': '{}' }),
      'malformed',
      /tokenizer\.json could not be read as a tokenizer/,
    );
    await refused(() => made({ 'tokenizer_config.json': 'x' }), 'malformed', /tokenizer_config\.json/);
    await refused(() => made({ 'config.json': { image_token_id: 3 } }), 'mismatch', /token 3 stands for images/);
    await refused(
      () => made({ 'generation_config.json': { eos_token_id: 'x' } }),
      'malformed',
      /generation_config\.json/,
    );
  });

  it('templates that are missing, broken, or refuse', async () => {
    const bare = await createProcessor(
      await altered('llama3', { 'tokenizer_config.json': '{"bos_token": "<|begin_of_text|>"}' }),
    );
    assert.ok(!bare.chats);
    await refused(() => bare.process({ input: asked(0) }), 'unsupported', /has no chat template .*plain prompt/);
    assert.ok(bare.process({ input: { prompt: 'plain' } }).inputIds.length > 1);
    await refused(
      async () => createProcessor(await altered('sample', { 'chat_template.jinja': '{% for %}' })),
      'malformed',
      /chat_template\.jinja has a chat template that is not valid Jinja: /,
    );
    // Libraries quote what the file has: no control character may reach a terminal, and a sentence has an end.
    await refused(
      async () => createProcessor(await altered('sample', { 'chat_template.jinja': '{{ messages \0 }}' })),
      'malformed',
      /not valid Jinja: [^\0]*\\u\{0\}/,
    );
    const [loud, long] = [
      await createProcessor(
        await altered('sample', { 'chat_template.jinja': '{{ raise_exception("\u001b[2J gone\nand more") }}' }),
      ),
      await createProcessor(
        await altered('sample', { 'chat_template.jinja': `{{ raise_exception("${'x'.repeat(5000)}") }}` }),
      ),
    ];
    await refused(() => loud.process({ input: asked(0) }), 'bad-request', /: \\u\{1b\}\[2J gone and more\.$/);
    await refused(() => long.process({ input: asked(0) }), 'bad-request', /: x{200}…x{199}\.$/);
    const llama = await createProcessor(await altered('llama2'));
    await refused(
      () => llama.render([{ role: 'assistant', content: 'Hi' }]),
      'bad-request',
      /refused the conversation: Conversation roles must alternate/,
    );
    await refused(
      async () =>
        createProcessor(
          await altered('llama2', {
            'tokenizer_config.json': {
              chat_template: [
                { name: 'a', template: '' },
                { name: 'b', template: '' },
              ],
            },
          }),
        ),
      'malformed',
      /chat templates "a", "b", and none called "default"/,
    );
  });

  it('missing and unsupported image processors, but only when there are images', async () => {
    const cases: [Record<string, Json | string | null>, ErrorCode, RegExp][] = [
      [{ 'preprocessor_config.json': null }, 'not-found', /has no preprocessor_config\.json/],
      [
        { 'preprocessor_config.json': { image_processor_type: 'CLIPImageProcessor' } },
        'unsupported',
        /preprocessor_config\.json names the image processor "CLIPImageProcessor", .* the supported ones are Qwen2VLImageProcessor/,
      ],
      [{ 'preprocessor_config.json': '{}' }, 'malformed', /names no "image_processor_type"/],
      [
        { 'preprocessor_config.json': { patch_size: 16 } },
        'mismatch',
        /sets "patch_size" to 16, but the vision tower in config\.json takes 14/,
      ],
      [{ 'preprocessor_config.json': { patch_size: 'x' } }, 'malformed', /"patch_size" that is no number/],
      [{ 'preprocessor_config.json': { image_mean: [1] } }, 'malformed', /"image_mean" that is not three numbers/],
      [{ 'preprocessor_config.json': { image_std: [1, 0, 1] } }, 'malformed', /zero in "image_std"/],
      [{ 'preprocessor_config.json': { min_pixels: 9, max_pixels: 4 } }, 'malformed', /9…4 pixels/],
      [{ 'preprocessor_config.json': { resample: 4 } }, 'unsupported', /resampling method 4/],
    ];
    for (const [changes, code, pattern] of cases) {
      const processor = await createProcessor(await altered('qwen2_5_vl', changes));
      assert.ok(processor.process({ input: asked(0) }).inputIds.length > 0);
      await refused(() => processor.process({ input: asked(1), images: [plainImage(60, 60)] }), code, pattern);
    }
  });

  it('reads the settings of processor_config.json first', async () => {
    const processor = await createProcessor(
      await altered('qwen2_5_vl', {
        'processor_config.json': {
          image_processor: {
            image_processor_type: 'Qwen2VLImageProcessor',
            size: { shortest_edge: 3136, longest_edge: 3136 },
            do_normalize: false,
            do_rescale: false,
          },
        },
      }),
    );
    const { grid, pixelValues } = processor.processImage(plainImage(56, 56));
    assert.deepEqual(grid, [1, 4, 4]);
    assert.equal(pixelValues[1], 21); // x = 1 of the red channel, as it was
  });

  it('images that do not match the prompt', async () => {
    const processor = await createProcessor(
      await altered('qwen2_5_vl', { 'config.json': { max_position_embeddings: 60 } }),
    );
    const image = plainImage(60, 60);
    await refused(
      () => processor.process({ input: asked(1) }),
      'bad-request',
      /^The prompt has 1 place for images, but 0 images were given\.$/,
    );
    await refused(
      () => processor.process({ input: asked(1), images: [image, image] }),
      'bad-request',
      /has 1 place for images, but 2 images were given/,
    );
    await refused(
      () => processor.process({ input: asked(0), images: [image] }),
      'bad-request',
      /has 0 places for images, but 1 image was given/,
    );
    await refused(() => processor.process({ input: { prompt: '<|image_pad|>' } }), 'bad-request', /has 1 place/);
    await refused(() => processor.process({ input: { prompt: '' } }), 'bad-request', /empty/);
    await refused(() => processor.processImage(plainImage(1000, 4)), 'bad-request', /1000 × 4 pixels is too narrow/);
    await refused(
      () => processor.process({ input: { prompt: 'word '.repeat(80) } }),
      'bad-request',
      /^The prompt has \d+ tokens; the model's context is 60: use a shorter prompt or smaller images\.$/,
    );
    await refused(
      () => processor.process({ input: { prompt: 'word' }, newTokens: 64 }),
      'bad-request',
      /leaves no room for 64 more; the model's context is 60/,
    );
    const blind = await createProcessor(await altered('llama3'));
    await refused(
      () => blind.process({ input: { prompt: 'x' }, images: [image] }),
      'unsupported',
      /is a text-only model/,
    );
  });

  it('nothing when it is cancelled', async () => {
    const checkpoint = await altered('qwen2_5_vl');
    await refused(() => createProcessor(checkpoint, { signal: AbortSignal.abort() }), 'cancelled', /Cancelled/);
  });
});

// As AutoTokenizer of transformers 5.24 reads copies of this fixture: GPT2Tokenizer without the digits for idefics3 and
// llama, tokenizer.json as it is for smolvlm.
it('says where transformers 5 splits text otherwise, because of the class of a tokenizer', async () => {
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const digits = { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, bytes] };
  const notice = async (tokenizerClass: string, splitting: object, family = 'idefics3') => {
    const checkpoint = await altered('idefics3', {
      'tokenizer.json': { pre_tokenizer: splitting },
      'tokenizer_config.json': { tokenizer_class: tokenizerClass },
      'config.json': { model_type: family },
    });
    return (await readTokenizer(checkpoint)).notices;
  };
  for (const [name, family] of [
    ['GPT2Tokenizer', 'idefics3'],
    ['GPT2TokenizerFast', 'llama'],
  ] as const)
    assert.match(
      (await notice(name, digits, family)).join(),
      /tokenizer\.json also splits text by Digits, as it is done here\. Because of the class GPT2Tokenizer/,
    );
  assert.deepEqual(await notice('GPT2Tokenizer', digits, 'smolvlm'), []);
  assert.deepEqual(await notice('GPT2Tokenizer', bytes), []);
  assert.deepEqual(await notice('PreTrainedTokenizerFast', digits), []);
});
