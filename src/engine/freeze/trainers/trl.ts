/** TRL: a script with `GRPOTrainer`, which freezes the model object before the trainer gets it. */
import template from '../python/trl.py';
import { freezingConstants, launcher, messages, pythonFile, type Trainer, truthOf } from './trainer.js';

export const TRL: Trainer = {
  title: 'TRL 1.16',
  requirements: ({ settings }) => [
    'trl==1.16.0',
    'transformers==5.24.0',
    'torch',
    'torchvision',
    'accelerate',
    'datasets',
    'pillow',
    'regex',
    ...(settings.method === 'lora' ? ['peft'] : []),
  ],
  setup: [],
  needsCuda: false,
  scaling:
    'Several GPUs: `GPUS=4 bash runs/NAME/launch.sh`; ZeRO or FSDP: `ACCELERATE_CONFIG=zero3.yaml`, ' +
    'a file of `accelerate config`.',
  // The trainer puts the images in front of the text; a place inside it would stay as text.
  row: (question, _, system) => ({
    prompt: messages(question.prompt.replaceAll('<image>', '').trim(), system),
    images: question.images,
    ...truthOf(question),
  }),
  files: (run, { settings }, place) => ({
    'train.py': pythonFile(
      template,
      `GRPO with TRL: run ${run.name}. The runs of this experiment differ in the frozen parameters only.`,
      {
        IN: place,
        ...freezingConstants(run),
        SEED: run.seed,
        STEPS: settings.steps,
        PROMPTS: settings.prompts,
        COMPLETIONS: settings.completions,
        MAX_COMPLETION_LENGTH: settings.max_completion_length,
        TEMPERATURE: settings.temperature,
        LEARNING_RATE: settings.learning_rate,
        KL: settings.kl,
        LORA_RANK: settings.lora_rank,
        PRECISION: settings.precision,
        DEVICE: settings.device,
        SAVE_EVERY: settings.save_every,
      },
    ),
    'launch.sh': launcher(
      [
        'if [ "${GPUS:-1}" -gt 1 ] || [ -n "${ACCELERATE_CONFIG:-}" ]; then',
        '  exec "$PYTHON" -m accelerate.commands.launch ${ACCELERATE_CONFIG:+--config_file "$ACCELERATE_CONFIG"} \\',
        '    --num_processes "${GPUS:-1}" ${NODES:+--num_machines "$NODES" --machine_rank "$NODE_RANK" ' +
          '--main_process_ip "$HEAD" --main_process_port 29500} \\',
        '    "$RUN/train.py"',
        'fi',
        'exec "$PYTHON" "$RUN/train.py"',
      ],
      place,
    ),
  }),
  checkpoints: { folder: 'output', pattern: /^checkpoint-(\d+)$/ },
};
