/** Trainings for the playground: one that goes well, one that was restarted, one that diverged. */
import type {
  TrainingCompletions,
  TrainingReading,
  TrainingRun,
  TrainingSeries,
} from '../../src/protocol/engineApi.js';

const STEPS = 200;

/** The same at every start: images are compared. */
function noise(seed: number): number {
  const value = Math.sin(seed * 12.9898) * 43758.5453;
  return value - Math.floor(value) - 0.5;
}

type Line = (step: number, run: number) => number | null;

const LINES: readonly [key: string, label: string, source: string, line: Line][] = [
  [
    'reward',
    'Reward',
    'reward',
    (step, run) => 1.1 - Math.exp(-step / (60 + 30 * run)) + 0.15 * noise(step + 999 * run),
  ],
  ['reward_std', 'Reward standard deviation', 'reward_std', (step, run) => 0.4 + 0.1 * noise(step * 3 + run)],
  ['format', 'Format reward', 'rewards/format_reward/mean', (step) => Math.min(1, step / 60)],
  ['kl', 'KL divergence', 'kl', (step, run) => (run === 2 && step > 120 ? null : (step * (run + 1)) / 4000)],
  ['entropy', 'Entropy', 'entropy', (step, run) => 1.2 * Math.exp(-step / 90) + 0.05 * noise(step + run)],
  ['length', 'Completion length, tokens', 'completions/mean_length', (step, run) => 120 + step * (0.4 + run / 4)],
  ['clip_ratio', 'Clip ratio', 'clip_ratio/region_mean', (step, run) => 0.02 + 0.01 * noise(step * 7 + run)],
  ['loss', 'Loss', 'loss', (step, run) => (run === 2 && step > 120 ? null : 0.01 * noise(step * 5 + run))],
  ['learning_rate', 'Learning rate', 'learning_rate', (step) => 1e-6 * (1 - step / STEPS)],
  ['reward:answer_reward', 'Reward: answer_reward', 'rewards/answer_reward/mean', (step) => step / 300],
  ['num_tokens', 'num_tokens', 'num_tokens', (step) => step * 4096],
];

function runOf(name: string, index: number, last: number, seam: number | null): TrainingRun {
  const series = LINES.map(([key, label, source, line]): TrainingSeries => {
    const points = Array.from({ length: last }, (_, at): [number, number | null] => [at + 1, line(at + 1, index)]);
    const earlier = seam === null ? [] : points.map(([step]) => step).filter((step) => step > seam + 15);
    return {
      ...{ key, label, source, points, earlier, total: points.length },
      gaps: points.filter(([, value]) => value === null).length,
      last: points.findLast(([, value]) => value !== null)?.[1] ?? null,
    };
  });
  return {
    ...{ name, series, lastStep: last, seams: seam === null ? [] : [seam], formats: ['trainer_state.json'] },
    folder: `/exp/runs/${name}/output`,
    completions: Array.from({ length: Math.floor(last / 10) }, (_, at) => 10 * (at + 1)),
  };
}

/** @param last the step that the control has reached */
export function trainings(last = STEPS): TrainingReading {
  const runs = [runOf('control', 0, last, null), runOf('freeze late', 1, 160, 130), runOf('freeze mid', 2, 150, null)];
  return {
    ...{ schema: 1, version: `v${last}`, runs },
    files: runs.map(({ name, folder }, at) => ({
      ...{ file: `${folder}/checkpoint-100/trainer_state.json`, format: 'trainer_state.json', runs: [name] },
      ...{
        records: 150,
        bytes: 148_000,
        problem: at === 2 ? 'The last line of logging.jsonl is cut off, or still being written.' : null,
      },
    })),
    notices: [],
  };
}

export function completionsAt(run: string, step: number): TrainingCompletions {
  const texts = [
    '<think>I count two red discs.</think><answer>2</answer>',
    'There are 3.',
    '<b>bold</b> & <script>x</script>',
    '2',
  ];
  const rows = ['How many red objects are there?', 'What is left of the square?'].flatMap((prompt) =>
    texts.map((text, at) => ({
      prompt: [{ image: true as const }, { text: ` ${prompt}` }],
      completion: [{ text: `${text} (${run}, step ${step})` }],
      rewards: [
        { name: 'format_reward', value: at === 0 ? 1 : 0 },
        { name: 'answer_reward', value: at === 1 ? 0 : at === 2 ? null : 1 },
      ],
      advantage: [0.9, -0.7, -0.7, 0.5][at]!,
      facts: [{ name: 'answer', text: '2' }],
    })),
  );
  return { run, step, rows, total: rows.length, files: ['completions.parquet'] };
}
