/** The user's choices over trainings: what survives a reload. Every field is checked and falls back alone. No DOM. */

export type Smoothing = 'none' | 'light' | 'medium' | 'strong';

export interface TrainingView {
  smoothing: Smoothing;
  /** Names of runs taken out of the figures. */
  hiddenRuns: readonly string[];
  /** Part of the names of other series that are shown. */
  filter: string;
  /** The run whose completions are shown; null for the first that has some. */
  run: string | null;
  /** The step whose completions are shown; null follows the latest. */
  step: number | null;
}

export const DEFAULT_TRAINING_VIEW: TrainingView = {
  smoothing: 'none',
  hiddenRuns: [],
  filter: '',
  run: null,
  step: null,
};

const SMOOTHINGS: readonly Smoothing[] = ['none', 'light', 'medium', 'strong'];

export function parseTrainingView(memory: unknown): TrainingView {
  const from = typeof memory === 'object' && memory !== null ? (memory as Record<string, unknown>) : {};
  const usual = DEFAULT_TRAINING_VIEW;
  const { smoothing, hiddenRuns, filter, run, step } = from;
  return {
    smoothing: SMOOTHINGS.find((one) => one === smoothing) ?? usual.smoothing,
    hiddenRuns: Array.isArray(hiddenRuns)
      ? hiddenRuns.filter((one): one is string => typeof one === 'string')
      : usual.hiddenRuns,
    filter: typeof filter === 'string' ? filter : usual.filter,
    run: typeof run === 'string' ? run : usual.run,
    step: typeof step === 'number' && Number.isInteger(step) && step >= 0 ? step : usual.step,
  };
}
