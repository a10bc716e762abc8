/** EasyR1: a script starts it with a hook in every Ray worker, since it has no setting for modules of others. */
import type { FreezePlan, PlannedRun } from '../plan.js';
import template from '../python/easyr1.py';
import {
  FINISHED,
  freezingConstants,
  keepLog,
  launcher,
  pythonFile,
  quotedForShell,
  RESULT,
  type Trainer,
} from './trainer.js';
import { easyRow } from './verl.js';

/** It has no releases: the commit that the settings were held against (July 2026). */
const COMMIT = 'b44b311b669bf1fd1aa2fc36f2251482ba33cb16';

export const EASY_R1: Trainer = {
  title: 'EasyR1',
  requirements: () => ['regex'],
  setup: [
    'git clone https://github.com/hiyouga/EasyR1 easyr1 && ' +
      `git -C easyr1 checkout ${COMMIT} && .venv/bin/pip install -e ./easyr1`,
  ],
  needsCuda: true,
  scaling:
    'Several GPUs: `GPUS=8 bash runs/NAME/launch.sh`. Several machines: start Ray on all of them ' +
    '(`slurm.sh` does), then `NODES=2`.',
  row: (question, _, system) => easyRow(question, system),
  files: (run, plan, place) => ({
    'easyr1.py': pythonFile(template, `Starts EasyR1 for run ${run.name} with a hook that freezes, and checks.`, {
      ...freezingConstants(run),
    }),
    'launch.sh': launcher(
      [
        'export PYTHONPATH="$RUN:$PWD${PYTHONPATH:+:$PYTHONPATH}"',
        ...keepLog('output/experiment_log.jsonl'),
        '"$PYTHON" "$RUN/easyr1.py" \\',
        ...settingsOf(run, plan).map(([key, value]) => `  ${quotedForShell(`${key}=${value}`)} \\`),
        '  worker.actor.model.model_path="$FREEZE_MODEL" \\',
        '  trainer.save_checkpoint_path="$RUN/output" \\',
        '  trainer.n_gpus_per_node="${GPUS:-1}" trainer.nnodes="${NODES:-1}"',
        'LAST="$(ls -d "$RUN"/output/global_step_* | sort -V | tail -n 1)"',
        '"$PYTHON" easyr1/scripts/model_merger.py --local_dir "$LAST/actor"',
        `rm -rf "$RUN/${RESULT}" && cp -R ` +
          `"$LAST/actor/${plan.settings.method === 'lora' ? 'lora_adapter' : 'huggingface'}" ` +
          `"$RUN/${RESULT}"`,
        FINISHED,
      ],
      place,
    ),
  }),
  checkpoints: { folder: 'output', pattern: /^global_step_(\d+)$/ },
};

function settingsOf(run: PlannedRun, { settings }: FreezePlan): [string, string | number | boolean][] {
  const actor = 'worker.actor';
  return [
    ['data.train_files', 'data/train.jsonl'],
    ['data.val_files', 'data/train.jsonl'],
    ['data.prompt_key', 'problem'],
    ['data.answer_key', 'answer'],
    ['data.image_key', 'images'],
    ['data.rollout_batch_size', settings.prompts],
    ['data.max_prompt_length', settings.max_prompt_length],
    ['data.max_response_length', settings.max_completion_length],
    ['data.seed', run.seed],
    ['algorithm.adv_estimator', 'grpo'],
    ['algorithm.disable_kl', settings.kl === 0],
    ['algorithm.use_kl_loss', settings.kl > 0],
    ['algorithm.kl_coef', settings.kl],
    ...(settings.method === 'lora'
      ? ([
          [`${actor}.model.lora.rank`, settings.lora_rank],
          [`${actor}.model.lora.alpha`, 2 * settings.lora_rank],
          // It splits the names at commas; PEFT takes a list by the ends of names.
          [`${actor}.model.lora.target_modules`, 'all-linear'],
          [`${actor}.model.lora.exclude_modules`, `^(?!(?:${run.adapters!.pattern})$).*$`],
        ] satisfies [string, string | number][])
      : []),
    [`${actor}.global_batch_size`, settings.prompts],
    [`${actor}.micro_batch_size_per_device_for_update`, 1],
    [`${actor}.micro_batch_size_per_device_for_experience`, 1],
    [`${actor}.optim.lr`, settings.learning_rate],
    [`${actor}.optim.weight_decay`, 0],
    [`${actor}.optim.lr_warmup_ratio`, 0.05],
    [`${actor}.fsdp.torch_dtype`, settings.precision === 'float32' ? 'fp32' : 'bf16'],
    ['worker.rollout.n', settings.completions],
    ['worker.rollout.temperature', settings.temperature],
    ['worker.rollout.tensor_parallel_size', 1],
    ['worker.reward.reward_function', './reward.py:compute_score'],
    ['trainer.max_steps', settings.steps],
    ['trainer.save_freq', Math.min(settings.save_every, settings.steps)],
    ['trainer.val_freq', -1],
    ['trainer.val_before_train', false],
    ['trainer.find_last_checkpoint', true],
    ['trainer.logger', '[console,file]'],
    ['trainer.project_name', 'freeze'],
    ['trainer.experiment_name', run.name],
  ];
}
