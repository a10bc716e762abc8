/** Evaluations for the playground: made by the engine's own arithmetic from answers that are drawn at random. */
import { seededRandom } from '../../src/engine/numerics/sample.js';
import { accuraciesOf, comparisonsOf, countsOf, scoresOf } from '../../src/engine/analyses/evaluate/scores.js';
import type {
  AbilityName,
  EvaluatedQuestion,
  EvaluateResult,
  Role,
  Setting,
  SweepAxis,
} from '../../src/protocol/engineApi.js';

interface Drawn {
  label: string;
  role: Role | null;
  /** Chance to be right: image, black image, description, text. */
  chances: Record<Setting, number>;
}

const SETS: { name: string; abilities: AbilityName[]; settings: Setting[] }[] = [
  { name: 'general.jsonl', abilities: ['vis'], settings: ['image', 'black'] },
  { name: 'math.jsonl', abilities: ['v2r'], settings: ['image', 'described'] },
  { name: 'text.jsonl', abilities: ['rea'], settings: ['text'] },
];

export function transferOf(): EvaluateResult {
  const chance = (image: number, described: number, text: number) => ({ image, black: 0.12, described, text });
  return evaluationOf(
    'transfer',
    [
      { label: 'base', role: 'base', chances: chance(0.62, 0.4, 0.42) },
      { label: 'in', role: 'in', chances: chance(0.64, 0.5, 0.46) },
      { label: 'rl', role: 'rl', chances: chance(0.65, 0.72, 0.66) },
      { label: 'in:rl:rl', role: 'hybrid', chances: chance(0.64, 0.7, 0.67) },
      { label: 'in:in:rl', role: 'hybrid', chances: chance(0.64, 0.52, 0.58) },
      { label: 'rl:rl:in', role: 'hybrid', chances: chance(0.63, 0.6, 0.5) },
      { label: 'rl:in:in', role: 'hybrid', chances: chance(0.6, 0.49, 0.45) },
      { label: 'in:rl:in', role: 'hybrid', chances: chance(0.63, 0.66, 0.57) },
      { label: 'rl:in:rl', role: 'hybrid', chances: chance(0.4, 0.4, 0.51) },
    ],
    null,
  );
}

export function sweepOf(): EvaluateResult {
  const cuts = [0, 2, 4, 6, 8, 10, 12];
  const chance = (fraction: number) => ({
    image: 0.64 - 0.02 * fraction,
    black: 0.12,
    described: 0.5 + 0.2 * fraction,
    text: 0.46 + 0.2 * fraction ** 2,
  });
  return evaluationOf(
    'sweep',
    [
      { label: 'in', role: 'in', chances: chance(0) },
      { label: 'rl', role: 'rl', chances: chance(1) },
      ...cuts.map((cut): Drawn => ({ label: `cut ${cut}`, role: 'hybrid', chances: chance(1 - cut / 12) })),
    ],
    { name: 'cut', values: [null, null, ...cuts] },
  );
}

function evaluationOf(kind: EvaluateResult['kind'], drawn: readonly Drawn[], axis: SweepAxis | null): EvaluateResult {
  const random = seededRandom(5);
  const questions = SETS.flatMap(({ name, abilities, settings }) =>
    Array.from({ length: 240 }, (_, index): EvaluatedQuestion => {
      // One draw per question and setting: what is hard for one checkpoint is hard for the others.
      const right = Object.fromEntries(
        settings.map((setting) => [
          setting,
          ((hard) => drawn.map(({ chances }) => hard + 0.16 * (random() - 0.5) < chances[setting]))(random()),
        ]),
      );
      const truth = String(2 + (index % 7));
      const answers = Object.fromEntries(
        Object.entries(right).map(([setting, flags]) => [
          setting,
          flags.map(
            (flag) =>
              '<think>a1 red circle:1, b2 blue star:1, c4 red ' +
              `square:2.</think><answer>${flag ? truth : String(1 + (index % 5))}</answer>`,
          ),
        ]),
      );
      return {
        id: `${name}/${name.slice(0, -6)}-${String(index).padStart(3, '0')}`,
        set: name,
        task: 'count_color',
        prompt:
          name === 'text.jsonl'
            ? 'A pen costs 3 and a key costs 3. What do 5 pens and 5 keys cost?'
            : 'How many red objects are there?',
        truth,
        answerType: 'number',
        image: name === 'text.jsonl' ? null : 'images/a.png',
        description: name === 'math.jsonl' ? 'The image shows: a1 red circle, b2 blue star, c4 red square.' : null,
        answers,
        right,
        counts: countsOf(right, abilities),
      };
    }),
  );
  const roles = drawn.map(({ role }) => role);
  return {
    schema: 1,
    kind,
    checkpoints: drawn.map(({ label, role }) => ({
      label,
      path: `/models/${label}`,
      recipe: null,
      role,
      family: 'qwen2_5_vl',
      fingerprint: '0'.repeat(64),
    })),
    data: '/data/eval',
    dataFingerprint: '0'.repeat(64),
    sets: SETS.map(({ name, abilities }) => ({ name, questions: 240, abilities })),
    maxNewTokens: 128,
    seed: 0,
    grader: null,
    describer: null,
    questions,
    scores: scoresOf(questions, drawn.length),
    accuracies: accuraciesOf(
      questions,
      SETS.map(({ name }) => name),
      drawn.length,
    ),
    comparisons: comparisonsOf(questions, roles),
    axis,
    warnings: [],
    provenance: {
      runId: '0123456789abcdef',
      startedAt: '2026-01-02T03:04:05Z',
      finishedAt: '2026-01-02T03:14:05Z',
      engine: '0.1.0',
      onnxruntime: '1.30.0',
      node: '20',
      platform: 'linux',
    },
  };
}

/** The same with every answer judged again by a language model. */
export function regradedOf(): EvaluateResult {
  const result = transferOf();
  const agreement = (checkpoint: number | null, n: number) => ({
    checkpoint,
    n,
    questions: n / 2,
    bothRight: 0.6 * n,
    rulesOnly: 0.05 * n,
    graderOnly: 0.1 * n,
    bothWrong: 0.25 * n,
    observed: 0.85,
    kappa: 0.66,
    low: 0.58,
    high: 0.74,
  });
  const questions = result.questions.map((question, index) => {
    const [setting] = Object.keys(question.answers);
    return index % 7 === 0 ? { ...question, changed: [`${setting}/0`], regraded: [`${setting}/0`] } : question;
  });
  return {
    ...result,
    questions,
    grader: 'judge',
    graderScope: 'all',
    agreement: [agreement(null, 400), agreement(0, 200), agreement(1, 200)],
    regrade: {
      runId: '0123456789abcdef',
      grading: 3,
      grader: null,
      rules: 'task',
      finishedAt: result.provenance.finishedAt,
      verdicts: null,
      answers: 400,
      changed: questions.filter(({ changed }) => changed).length,
    },
  };
}
