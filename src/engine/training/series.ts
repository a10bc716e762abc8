/**
 * What trainers call their series, as data. A name of `from` that comes earlier wins where a run has several; the
 * others stay under their own names.
 */

export interface SeriesDefinition {
  key: string;
  label: string;
  /** Drawn in percent. */
  fraction?: true;
  /** Names by trainer: TRL, Axolotl and ms-swift; verl; EasyR1. */
  from: readonly string[];
}

export const SERIES: readonly SeriesDefinition[] = [
  { key: 'reward', label: 'Reward', from: ['reward', 'critic/score/mean', 'reward/overall'] },
  { key: 'reward_std', label: 'Reward standard deviation', from: ['reward_std'] },
  { key: 'format', label: 'Format reward', from: ['reward/format'] },
  { key: 'answer', label: 'Answer reward', from: ['reward/accuracy'] },
  { key: 'kl', label: 'KL divergence', from: ['kl', 'actor/kl_loss', 'actor/reward_kl_penalty'] },
  { key: 'entropy', label: 'Entropy', from: ['entropy', 'entropy/mean', 'actor/entropy', 'actor/entropy_loss'] },
  {
    key: 'length',
    label: 'Completion length, tokens',
    from: ['completions/mean_length', 'completion_length', 'response_length/mean'],
  },
  {
    key: 'cut_off',
    label: 'Completions cut off',
    fraction: true,
    from: ['completions/clipped_ratio', 'response_length/clip_ratio'],
  },
  {
    key: 'clip_ratio',
    label: 'Clip ratio',
    fraction: true,
    from: ['clip_ratio/region_mean', 'clip_ratio', 'actor/pg_clipfrac'],
  },
  { key: 'no_spread', label: 'Groups of equal rewards', fraction: true, from: ['frac_reward_zero_std'] },
  { key: 'loss', label: 'Loss', from: ['loss', 'actor/loss', 'actor/pg_loss'] },
  { key: 'grad_norm', label: 'Gradient norm', from: ['grad_norm', 'actor/grad_norm'] },
  { key: 'learning_rate', label: 'Learning rate', from: ['learning_rate', 'actor/lr'] },
];

/** Not series: they say when, or what the line is. */
export const NOT_SERIES: ReadonlySet<string> = new Set([
  'step',
  'global_step',
  'train/global_step',
  'training/global_step',
  'epoch',
  'training/epoch',
  'train/epoch',
]);

/** The mean of one reward function. */
const FUNCTION = /^rewards\/(.+)\/mean$/;
const SUFFIX = '(?:[_-]?(?:reward|reward_func|func|fn))?';
/** Functions that judge the format, and the answer, by what people call them. */
const KNOWN_FUNCTIONS: readonly [key: string, pattern: RegExp][] = [
  ['format', new RegExp(`^(?:think|thinking)?[_-]?format${SUFFIX}$`, 'i')],
  ['answer', new RegExp(`^(?:math)?[_-]?(?:accuracy|answer|correct|correctness)${SUFFIX}$`, 'i')],
];

export interface NamedSeries {
  key: string;
  label: string;
  source: string;
}

/**
 * Our series for the names that a run has, in the order in which they are shown.
 * @param sources trainers' names, in the order in which they were first seen
 */
export function nameSeries(sources: readonly string[]): NamedSeries[] {
  const left = new Map(sources.map((source) => [source.replace(/^train\//, ''), source]));
  const named: NamedSeries[] = [];
  const take = (name: string, key: string, label: string): void => {
    const source = left.get(name);
    if (source === undefined || named.some((one) => one.key === key)) return;
    left.delete(name);
    named.push({ key, label, source });
  };
  for (const { key, label, from } of SERIES) {
    const judged = KNOWN_FUNCTIONS.find(([known]) => known === key)?.[1];
    const functions = [...left.keys()].filter((name) => judged?.test(FUNCTION.exec(name)?.[1] ?? '') === true);
    for (const name of [...from, ...functions]) take(name, key, label);
  }
  for (const name of [...left.keys()]) {
    const [, own] = FUNCTION.exec(name) ?? [];
    if (own !== undefined) take(name, `reward:${own}`, `Reward: ${own}`);
  }
  const others = sources.filter((source) => [...left.values()].includes(source));
  return [...named, ...others.map((source) => ({ key: source, label: source, source }))];
}
