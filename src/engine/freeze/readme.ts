/** What is written for people beside a plan: its README, and the script for Slurm. */
import { thousands } from '../checkpoint/failure.js';
import { PLAN_FILE } from './planFile.js';
import type { FreezePlan, PlannedRun } from './plan.js';
import { TRAINER_LIST } from './trainers/list.js';

export function readmeOf(plan: FreezePlan, questions: number): string {
  const { settings, model, runs, warnings } = plan;
  const trainer = TRAINER_LIST[settings.trainer];
  const method = settings.method === 'lora' ? `LoRA of rank ${settings.lora_rank}` : 'all parameters';
  return `# Freeze and retrain

Is a part of the model necessary for what reinforcement learning brings? The same training of \`${model.path}\`
(${model.family}, ${model.layers} language layers, Early/Mid/Late cut at ${model.cuts.join(' and ')}),
${thousands(questions)} questions, ${settings.steps} steps, seed ${settings.seeds.join(', ')}, ${method}, with ${trainer.title}.
The runs differ in nothing but what is frozen.
\`${PLAN_FILE}\` is the plan; change it by planning anew.

| run | frozen by | parameters frozen | parameters that train |
|---|---|---|---|
${runs.map(rowOf).join('\n')}

${warnings.map((warning) => `- ${warning}\n`).join('')}
## Run

\`\`\`sh
python3 -m venv .venv && .venv/bin/pip install -r requirements.txt
${[...trainer.setup, ...runs.map(({ name }) => `bash runs/${name}/launch.sh`)].join('\n')}
\`\`\`

or \`frankenstein freeze run .\`, which does the same on this machine, one run after the other. A run that was stopped
continues from the trainer's last checkpoint. Each counts what it freezes once the model is loaded, and ends before the
first step where that is not what the plan says.

${trainer.scaling} On Slurm: \`sbatch slurm.sh NAME\`.

The result of a run lies in \`runs/NAME/result\`. One that was trained elsewhere may be copied there.

## Verify and answer

\`\`\`sh
frankenstein freeze verify .
frankenstein freeze report . --data QUESTIONS
\`\`\`

The first proves which tensors stayed as they were, bit for bit; the second measures IN, the control and every frozen
run.
`;
}

function rowOf({ name, control, selections, frozen, trains, adapters }: PlannedRun): string {
  const by = control
    ? 'nothing (the control)'
    : selections.map(({ text }) => `\`${text.replaceAll('|', '\\|')}\``).join(', ');
  return (
    `| ${name} | ${by} | ${thousands(frozen.parameters)} | ` +
    `${thousands(adapters?.parameters ?? trains.parameters)}${adapters === null ? '' : ` in ${adapters.modules} adapters`} ` +
    `|`
  );
}

/** One job per run. Machines beyond the first join as workers of Ray, or of accelerate. */
export function slurmOf({ settings }: FreezePlan): string {
  const isRay = settings.trainer === 'verl' || settings.trainer === 'easyr1';
  return `#!/usr/bin/env bash
#SBATCH --job-name=freeze
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=8
#SBATCH --time=24:00:00
#SBATCH --output=runs/%x-%j.log
# sbatch slurm.sh NAME, from this folder. Add partition and account of your cluster above.
set -euo pipefail
NAME="\${1:?Name a run of runs/.}"
export GPUS="\${GPUS:-8}" NODES="\${SLURM_NNODES:-1}"
export HEAD="$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)"
[ -d .venv ] && source .venv/bin/activate
${
  isRay
    ? `srun --nodes=1 --ntasks=1 -w "$HEAD" ray start --head --port=6379 --block &
sleep 20
if [ "$NODES" -gt 1 ]; then
  srun --nodes="$((NODES - 1))" --ntasks="$((NODES - 1))" --exclude="$HEAD" \\
    ray start --address="$HEAD:6379" --block &
fi
sleep 20
export RAY_ADDRESS="$HEAD:6379"
bash "runs/$NAME/launch.sh"`
    : `export NPROC_PER_NODE="$GPUS" NNODES="$NODES" MASTER_ADDR="$HEAD"
srun bash -c 'NODE_RANK=$SLURM_PROCID bash "runs/'"$NAME"'/launch.sh"'`
}
`;
}
