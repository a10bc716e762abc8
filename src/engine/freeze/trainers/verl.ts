/** verl: a module that it imports into every worker wraps the one place where the model is loaded. */
import type { FreezePlan, PlannedRun } from '../plan.js';
import template from '../python/verl_hook.py';
import {
  FINISHED,
  freezingConstants,
  keepLog,
  launcher,
  messages,
  pythonFile,
  quotedForShell,
  RESULT,
  type Trainer,
  type TrainingQuestion,
  truthOf,
  withPlaces,
} from './trainer.js';

export const VERL: Trainer = {
  title: 'verl 0.9.1',
  requirements: () => ['verl[vllm,fsdp]==0.9.1', 'qwen-vl-utils', 'regex'],
  setup: [],
  needsCuda: true,
  scaling:
    'Several GPUs: `GPUS=8 bash runs/NAME/launch.sh`. Several machines: start Ray on all of them ' +
    '(`slurm.sh` does), then `NODES=2`.',
  row: (question, index, system) => ({
    data_source: 'frankenstein',
    prompt: messages(withPlaces(question), system),
    images: question.images,
    ability: question.task ?? '',
    reward_model: { style: 'rule', ground_truth: JSON.stringify(truthOf(question)) },
    extra_info: { index },
  }),
  files: (run, plan, place) => ({
    'freeze_hook.py': pythonFile(
      template,
      `What verl imports into every worker of run ${run.name}: it freezes, and checks.`,
      {
        ...freezingConstants(run),
      },
    ),
    'launch.sh': launcher(
      [
        'export PYTHONPATH="$RUN:$PWD${PYTHONPATH:+:$PYTHONPATH}"',
        'export VERL_USE_EXTERNAL_MODULES=freeze_hook',
        'export VERL_FILE_LOGGER_PATH="$RUN/output/log.jsonl"',
        ...keepLog('output/log.jsonl'),
        '"$PYTHON" -m verl.trainer.main_ppo \\',
        ...settingsOf(run, plan).map(([key, value]) => `  ${quotedForShell(`${key}=${value}`)} \\`),
        '  actor_rollout_ref.model.path="$FREEZE_MODEL" \\',
        '  trainer.default_local_dir="$RUN/output" trainer.rollout_data_dir="$RUN/rollouts" \\',
        '  trainer.n_gpus_per_node="${GPUS:-1}" trainer.nnodes="${NODES:-1}"',
        'LAST="$(ls -d "$RUN"/output/global_step_* | sort -V | tail -n 1)"',
        `rm -rf "$RUN/${RESULT}"`,
        `"$PYTHON" -m verl.model_merger merge --backend fsdp --local_dir "$LAST/actor" --target_dir "$RUN/${RESULT}"`,
        ...(plan.settings.method === 'lora'
          ? [`rm -rf "$RUN/${RESULT}" && cp -R "$LAST/actor/lora_adapter" "$RUN/${RESULT}"`]
          : []),
        FINISHED,
      ],
      place,
    ),
  }),
  checkpoints: { folder: 'output', pattern: /^global_step_(\d+)$/ },
};

/** Rows of EasyR1, which has keys of its own. */
export function easyRow(question: TrainingQuestion, system: string | undefined): object {
  return {
    problem: `${system === undefined ? '' : `${system}\n`}${withPlaces(question)}`,
    images: question.images,
    answer: JSON.stringify(truthOf(question)),
  };
}

/** FSDP2 keeps parameters apart, so that frozen and trained ones may share a layer. */
function settingsOf(run: PlannedRun, { settings }: FreezePlan): [string, string | number | boolean][] {
  const actor = 'actor_rollout_ref.actor';
  return [
    ['algorithm.adv_estimator', 'grpo'],
    ['data.train_files', 'data/train.jsonl'],
    ['data.val_files', 'data/train.jsonl'],
    ['data.image_key', 'images'],
    ['data.train_batch_size', settings.prompts],
    ['data.max_prompt_length', settings.max_prompt_length],
    ['data.max_response_length', settings.max_completion_length],
    ['data.seed', run.seed],
    ['actor_rollout_ref.model.external_lib', 'freeze_hook'],
    ...(settings.method === 'lora'
      ? ([
          ['actor_rollout_ref.model.lora_rank', settings.lora_rank],
          ['actor_rollout_ref.model.lora_alpha', 2 * settings.lora_rank],
          ['actor_rollout_ref.model.target_modules', `"${run.adapters!.pattern.replaceAll('\\', '\\\\')}"`],
        ] satisfies [string, string | number][])
      : []),
    [`${actor}.strategy`, 'fsdp2'],
    [`${actor}.fsdp_config.model_dtype`, settings.precision === 'float32' ? 'fp32' : 'bf16'],
    [`${actor}.ppo_mini_batch_size`, settings.prompts],
    [`${actor}.ppo_micro_batch_size_per_gpu`, 1],
    [`${actor}.optim.lr`, settings.learning_rate],
    [`${actor}.optim.lr_warmup_steps_ratio`, 0.05],
    [`${actor}.optim.weight_decay`, 0],
    [`${actor}.use_kl_loss`, settings.kl > 0 ? 'True' : 'False'],
    [`${actor}.kl_loss_coef`, settings.kl],
    [`${actor}.checkpoint.save_contents`, '[model,optimizer,extra,hf_model]'],
    ['actor_rollout_ref.rollout.name', 'vllm'],
    ['actor_rollout_ref.rollout.n', settings.completions],
    ['actor_rollout_ref.rollout.temperature', settings.temperature],
    ['actor_rollout_ref.rollout.tensor_model_parallel_size', 1],
    ['actor_rollout_ref.rollout.log_prob_micro_batch_size_per_gpu', 1],
    ['actor_rollout_ref.ref.log_prob_micro_batch_size_per_gpu', 1],
    ['reward.custom_reward_function.path', 'reward.py'],
    ['reward.custom_reward_function.name', 'compute_score'],
    ['trainer.total_training_steps', settings.steps],
    ['trainer.save_freq', Math.min(settings.save_every, settings.steps)],
    ['trainer.test_freq', -1],
    ['trainer.val_before_train', 'False'],
    ['trainer.resume_mode', 'auto'],
    ['trainer.logger', '[console,file]'],
    ['trainer.project_name', 'freeze'],
    ['trainer.experiment_name', run.name],
  ];
}
