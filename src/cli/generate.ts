/** `frankenstein generate`: asks a checkpoint, straight from its safetensors files. */
import { Command, InvalidArgumentError } from 'commander';
import path from 'node:path';
import { typedText } from '../engine/analyses/declare/protocol.js';
import { isEndpointPath } from '../engine/checkpoint/endpointPath.js';
import { parseCount, parseSize, type CommandContext, typed } from './options.js';
import { note, print } from './terminal.js';

interface GenerateOptions {
  prompt: string;
  image?: string[];
  maxNewTokens?: number;
  system?: string;
  prefix?: string;
  minPixels?: number;
  maxPixels?: number;
  json?: boolean;
  topLogits: number;
  temperature?: number;
  topK?: number;
  topP?: number;
  seed?: number;
  endpointKey?: string;
  memory?: number;
  threads?: number;
  provider: string;
}

export function generateCommand({ engine, signal }: CommandContext): Command {
  return new Command('generate')
    .description(
      'Ask a checkpoint: runs a vision-language or text model straight from its safetensors files, ' +
        'greedily unless a temperature is given',
    )
    .argument(
      '<checkpoint>',
      'a folder, config, shard, index or adapter; BASE+ADAPTER names both; or endpoint:URL#MODEL',
    )
    .requiredOption('--prompt <text>', 'what to ask; <image> in it says where an image stands, or images come first')
    .option('--image <files...>', 'PNG, JPEG or WebP files')
    .option('--max-new-tokens <n>', 'max new tokens per answer (default: 128)', parseCount)
    .option('--system <text>', 'system prompt: a text or @FILE (default: what the chat template says)', parseWords)
    .option('--prefix <text>', 'words before the prompt, with an empty line between: a text or @FILE', parseWords)
    .option(
      '--min-pixels <n>',
      "least pixels of an image once it is scaled (default: the checkpoint's own)",
      parseCount,
    )
    .option('--max-pixels <n>', "most pixels of an image once it is scaled (default: the checkpoint's own)", parseCount)
    .option('--json', 'print text, tokenIds, promptTokens and topLogits as JSON')
    .option('--top-logits <k>', "how many of the first new token's logits the JSON lists", parseCount, 5)
    .option('--temperature <t>', 'sample instead of taking the most likely token', parsePositive)
    .option('--top-k <k>', "sample among the k most likely tokens (default: the checkpoint's own)", parseCount)
    .option(
      '--top-p <p>',
      "sample among the tokens that make up this probability (default: the checkpoint's own)",
      parsePositive,
    )
    .option('--seed <n>', 'of the sampling', parseCount)
    .option('--endpoint-key <variable>', "name of the environment variable with the endpoint's key")
    .option('--memory <size>', 'memory budget, such as 2GB (default: half of the machine)', parseSize)
    .option('--threads <n>', 'threads (default: all cores)', parseCount)
    .option('--provider <name>', 'execution provider: cpu, webgpu, cuda, coreml, dml', 'cpu')
    .action(async (checkpoint: string, options: GenerateOptions) => {
      const { temperature, topK, topP, seed } = options;
      if (temperature === undefined && (topK ?? topP ?? seed) !== undefined)
        throw new InvalidArgumentError('--top-k, --top-p and --seed need --temperature.');
      const json = options.json === true;
      let shown = Promise.resolve();
      const result = await engine.generate(
        {
          path: isEndpointPath(checkpoint) ? checkpoint : path.resolve(checkpoint),
          endpointKey: options.endpointKey,
          prompt: options.prompt,
          images: options.image?.map((file) => path.resolve(file)),
          maxNewTokens: options.maxNewTokens,
          system: options.system,
          prefix: options.prefix,
          minPixels: options.minPixels,
          maxPixels: options.maxPixels,
          sampling: temperature === undefined ? undefined : { temperature, topK, topP, seed },
          topLogits: json ? options.topLogits : 0,
          memory: options.memory,
          threads: options.threads,
          provider: options.provider,
        },
        { signal, progress: json ? undefined : ({ text }) => void (shown = shown.then(() => print(text))) },
      );
      for (const notice of result.notices) note(`frankenstein: ${notice}`);
      await shown;
      await print(json ? `${JSON.stringify(result)}\n` : '\n');
    });
}

const parseWords = typed(typedText);

function parsePositive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('Give a number above 0.');
  return value;
}
