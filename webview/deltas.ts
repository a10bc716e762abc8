/** What the updates are called: `ΔIN (base → in)`. No DOM. */

export interface DeltaName {
  index: number;
  /** `ΔRL`. */
  short: string;
  /** Labels of its two stages, as the user gave them. */
  from: string;
  to: string;
  /** `ΔRL (in → rl)`. */
  full: string;
}

/** What is known of a stage for its name. */
export interface NamedStage {
  label: string;
  /** `base`, `in`, `rl`: what it is in its lineage, where its name or place tells. */
  role?: string | null | undefined;
}

/**
 * One name per neighbouring pair of stages: by role where every update has one of its own, else by what tells the
 * labels apart.
 */
export function nameDeltas(stages: readonly NamedStage[]): DeltaName[] {
  const labels = stages.map(({ label }) => label);
  const roles = stages.map(({ role }) => role ?? '');
  const updates = roles.slice(1);
  const byRole = updates.every((role) => role !== '') && new Set(updates).size === updates.length;
  const short = byRole ? roles : shortLabels(labels);
  return labels.slice(1).map((to, index) => {
    const from = labels[index] ?? '';
    const own = short[index + 1] ?? '';
    const name = `Δ${own === '' || own.length > 12 ? index + 1 : /^[a-z]{1,4}$/.test(own) ? own.toUpperCase() : own}`;
    return { index, short: name, from, to, full: `${name} (${from} → ${to})` };
  });
}

/** `RL`, as a badge beside a label; null where there is none, or the label says it already. */
export function roleBadge({ label, role }: NamedStage): string | null {
  if (role === null || role === undefined || role === '' || role.toLowerCase() === label.toLowerCase()) return null;
  return /^[a-z]{1,4}$/.test(role) && role !== 'base'
    ? role.toUpperCase()
    : role.charAt(0).toUpperCase() + role.slice(1);
}

/** What tells the labels apart: shared leading and trailing words dropped. */
export function shortLabels(labels: readonly string[]): string[] {
  const words = labels.map((label) => label.split(/[-_./\\\s]+/).filter((word) => word !== ''));
  const shortest = Math.min(...words.map((list) => list.length));
  const same = (at: (list: string[]) => string | undefined) => words.every((list) => at(list) === at(words[0] ?? []));
  let head = 0;
  while (labels.length > 1 && head < shortest && same((list) => list[head])) head++;
  let tail = 0;
  while (labels.length > 1 && tail < shortest - head && same((list) => list[list.length - 1 - tail])) tail++;
  return words.map((list) => list.slice(head, list.length - tail).join('-'));
}
