/** ms-swift: its own flags freeze; a plugin brings the rewards, and looks before the first step whether they did. */
import template from '../python/swift_plugin.py';
import {
  freezingConstants,
  launcher,
  messages,
  pythonFile,
  quotedForShell,
  RESULT,
  type Trainer,
  truthOf,
  union,
  withPlaces,
} from './trainer.js';
import type { FreezePlan, PlannedRun } from '../plan.js';

export const MS_SWIFT: Trainer = {
  title: 'ms-swift 4.6',
  requirements: ({ settings }) => [
    'ms-swift==4.6.0',
    'torch',
    'torchvision',
    'accelerate',
    'qwen-vl-utils',
    'msgspec', // its GRPO imports it, and its package does not ask for it
    'regex',
    ...(settings.method === 'lora' ? ['peft'] : []),
  ],
  setup: [],
  needsCuda: false,
  scaling:
    'Several GPUs: `NPROC_PER_NODE=4 bash runs/NAME/launch.sh`; ZeRO: `DEEPSPEED=zero3 bash runs/NAME/launch.sh`.',
  row: (question, _, system) => ({
    messages: messages(withPlaces(question), system),
    images: question.images,
    ...truthOf(question),
  }),
  files: (run, plan, place) => ({
    'plugin.py': pythonFile(
      template,
      `What ms-swift loads for run ${run.name}: rewards, and the check of what is frozen.`,
      {
        ...freezingConstants(run),
      },
    ),
    'launch.sh': launcher(
      [
        'LAST="$(ls -d "$RUN"/output/checkpoint-*/trainer_state.json 2>/dev/null | sort -V | tail -n 1 || true)"',
        '"$PYTHON" -m swift.cli.main rlhf \\',
        ...flagsOf(run, plan).map(([flag, value]) => `  --${flag} ${value} \\`),
        '  ${DEEPSPEED:+--deepspeed "$DEEPSPEED"} \\',
        '  ${LAST:+--resume_from_checkpoint "$(dirname "$LAST")"}',
        'LAST="$(ls -d "$RUN"/output/checkpoint-*/trainer_state.json | sort -V | tail -n 1)"',
        `rm -rf "$RUN/${RESULT}" && cp -R "$(dirname "$LAST")" "$RUN/${RESULT}"`,
        `echo '{}' > "$RUN/${RESULT}/finished.json"`,
      ],
      place,
    ),
  }),
  checkpoints: { folder: 'output', pattern: /^checkpoint-(\d+)$/ },
};

/**
 * Several of its templates fit one architecture, and it goes by the folder's name: where ours is one of them by its own
 * name, that is said. By the family's id.
 */
const TEMPLATES: Readonly<Record<string, string>> = {
  qwen2_vl: 'qwen2_vl',
  qwen2_5_vl: 'qwen2_5_vl',
  qwen3_vl: 'qwen3_vl',
  qwen3_vl_moe: 'qwen3_vl',
  qwen3_5: 'qwen3_5',
  qwen3_5_moe: 'qwen3_5',
  glm4v: 'glm4v',
};

function templateFlags(family: string): [string, string][] {
  const template = TEMPLATES[family];
  return template === undefined
    ? []
    : [
        ['model_type', family],
        ['template', template],
      ];
}

/** Its defaults freeze vision and projector; what trains is said in full. */
function flagsOf(run: PlannedRun, { settings, model }: FreezePlan): [string, string][] {
  const frozen = (part: (typeof settings.also)[number]) => String(settings.also.includes(part));
  return [
    ['rlhf_type', 'grpo'],
    ['model', '"$FREEZE_MODEL"'],
    ...templateFlags(model.family),
    ...(settings.device === 'cpu' ? ([['use_cpu', 'true']] satisfies [string, string][]) : []),
    ['tuner_type', settings.method],
    ['freeze_llm', 'false'],
    ['freeze_vit', frozen('vision')],
    ['freeze_aligner', frozen('projector')],
    ...(settings.method === 'lora'
      ? ([
          ['target_regex', quotedForShell(`^(?:${run.adapters!.pattern})$`)],
          ['lora_rank', String(settings.lora_rank)],
          ['lora_alpha', String(2 * settings.lora_rank)],
        ] satisfies [string, string][])
      : run.frozenPatterns.length === 0
        ? []
        : ([['freeze_parameters_regex', quotedForShell(union(run.frozenPatterns))]] satisfies [string, string][])),
    ['torch_dtype', settings.precision],
    ['dataset', 'data/train.jsonl'],
    ['split_dataset_ratio', '0'],
    ['remove_unused_columns', 'false'],
    ['external_plugins', '"$RUN/plugin.py"'],
    ['callbacks', 'freeze_check'],
    ['reward_funcs', 'format answer'],
    ['reward_weights', '0.2 1'],
    ['num_generations', String(settings.completions)],
    ['per_device_train_batch_size', String(settings.completions)],
    ['gradient_accumulation_steps', String(settings.prompts)],
    ['max_steps', String(settings.steps)],
    ['max_length', String(settings.max_prompt_length)],
    ['max_completion_length', String(settings.max_completion_length)],
    ['temperature', String(settings.temperature)],
    ['learning_rate', String(settings.learning_rate)],
    ['lr_scheduler_type', 'constant_with_warmup'],
    ['warmup_ratio', '0.05'],
    ['beta', String(settings.kl)],
    ['seed', String(run.seed)],
    ['data_seed', String(run.seed)],
    ['save_steps', String(Math.min(settings.save_every, settings.steps))],
    ['logging_steps', '1'],
    ['log_completions', 'true'],
    ['report_to', 'none'],
    ['add_version', 'false'],
    ['output_dir', '"$RUN/output"'],
  ];
}
