/** Axolotl: a YAML config, and a plugin that freezes and checks the loaded model. */
import { stringify } from 'yaml';
import template from '../python/axolotl_plugin.py';
import { freezingConstants, FINISHED, launcher, pythonFile, RESULT, type Trainer } from './trainer.js';
import { TRL } from './trl.js';

export const AXOLOTL: Trainer = {
  title: 'Axolotl 0.21',
  requirements: () => ['axolotl==0.21.0', 'regex'],
  setup: [],
  needsCuda: true,
  scaling:
    'Several GPUs: accelerate takes all that it sees; `CUDA_VISIBLE_DEVICES` chooses. ZeRO: ' +
    '`deepspeed:` in config.yaml.',
  row: TRL.row,
  files: (run, { settings }, place) => ({
    'freeze_plugin.py': pythonFile(
      template,
      `What Axolotl loads for run ${run.name}: it freezes, and checks what is frozen.`,
      {
        ...freezingConstants(run),
      },
    ),
    'config.yaml': stringify(
      {
        base_model: place,
        processor_type: 'AutoProcessor',
        plugins: ['freeze_plugin.FreezePlugin'],
        rl: 'grpo',
        datasets: [{ path: 'data/train.jsonl', ds_type: 'json', split: 'train', type: 'freeze_plugin.questions' }],
        skip_prepare_dataset: true,
        remove_unused_columns: false,
        ...(settings.method === 'lora'
          ? {
              adapter: 'lora',
              lora_r: settings.lora_rank,
              lora_alpha: 2 * settings.lora_rank,
              lora_target_modules: run.adapters!.pattern,
            }
          : {}),
        trl: {
          beta: settings.kl,
          num_generations: settings.completions,
          max_completion_length: settings.max_completion_length,
          temperature: settings.temperature,
          reward_funcs: ['reward.format_reward', 'reward.answer_reward'],
          reward_weights: [0.2, 1],
          log_completions: true,
        },
        bf16: true,
        float32: false,
        gradient_checkpointing: true,
        micro_batch_size: settings.completions,
        gradient_accumulation_steps: settings.prompts,
        max_steps: settings.steps,
        learning_rate: settings.learning_rate,
        lr_scheduler: 'constant_with_warmup',
        warmup_ratio: 0.05,
        optimizer: 'adamw_torch',
        weight_decay: 0,
        seed: run.seed,
        logging_steps: 1,
        save_steps: settings.save_every,
        auto_resume_from_checkpoints: true,
        sequence_len: settings.max_prompt_length + settings.max_completion_length,
        output_dir: `runs/${run.name}/output`,
      },
      { lineWidth: 0 },
    ),
    'launch.sh': launcher(
      [
        'export PYTHONPATH="$RUN:$PWD${PYTHONPATH:+:$PYTHONPATH}"',
        // The first line names IN: the others are as they were written.
        `Q="'"; { echo "base_model: '\${FREEZE_MODEL//$Q/$Q$Q}'"; tail -n +2 "$RUN/config.yaml"; } > ` +
          '"$RUN/config.here.yaml"',
        '"$PYTHON" -m axolotl.cli.main train "$RUN/config.here.yaml"',
        `rm -rf "$RUN/${RESULT}" && mkdir "$RUN/${RESULT}"`,
        `find "$RUN/output" -maxdepth 1 -type f -exec cp {} "$RUN/${RESULT}/" \\;`,
        FINISHED,
      ],
      place,
    ),
  }),
  checkpoints: { folder: 'output', pattern: /^checkpoint-(\d+)$/ },
};
