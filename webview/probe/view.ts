/** The user's choices among probes: what survives a reload. Every field is checked and falls back alone. No DOM. */

export interface ProbeView {
  tab: 'localization' | 'attention' | 'routing';
  /** Vision: visual tokens swapped. Reasoning: layers skipped. */
  study: 'vision' | 'reasoning';
  mode: 'from' | 'only';
  part: 'layer' | 'attention' | 'mlp' | 'experts';
  /** All curves in one figure, or one figure per function. Null: by how many checkpoints there are. */
  layout: 'together' | 'apart' | null;
  /** Checkpoints and functions taken out of the figures. */
  hiddenCheckpoints: readonly number[];
  hiddenTasks: readonly string[];
  /** The point that was chosen: 0-based layer, and whose curve. */
  depth: number | null;
  curve: string | null;
  sample: string | null;
  /** Samples behind the point: those that changed, or all. */
  behind: 'changed' | 'all';
  measure: 'mean' | 'mass';
}

export const DEFAULT_PROBE_VIEW: ProbeView = {
  tab: 'localization',
  study: 'vision',
  mode: 'from',
  part: 'layer',
  layout: null,
  hiddenCheckpoints: [],
  hiddenTasks: [],
  depth: null,
  curve: null,
  sample: null,
  behind: 'changed',
  measure: 'mean',
};

export function parseProbeView(memory: unknown): ProbeView {
  const from = typeof memory === 'object' && memory !== null ? (memory as Record<string, unknown>) : {};
  const usual = DEFAULT_PROBE_VIEW;
  const one = <T>(key: keyof ProbeView, allowed: readonly T[], fallback: T): T =>
    allowed.find((value) => value === from[key]) ?? fallback;
  const text = (key: keyof ProbeView): string | null => (typeof from[key] === 'string' ? from[key] : null);
  const list = <T>(key: keyof ProbeView, is: (value: unknown) => value is T): T[] =>
    Array.isArray(from[key]) ? from[key].filter(is) : [];
  const { depth } = from;
  return {
    tab: one('tab', ['localization', 'attention', 'routing'], usual.tab),
    study: one('study', ['vision', 'reasoning'], usual.study),
    mode: one('mode', ['from', 'only'], usual.mode),
    part: one('part', ['layer', 'attention', 'mlp', 'experts'], usual.part),
    layout: one('layout', ['together', 'apart', null], usual.layout),
    hiddenCheckpoints: list('hiddenCheckpoints', (value): value is number => Number.isInteger(value)),
    hiddenTasks: list('hiddenTasks', (value): value is string => typeof value === 'string'),
    depth: typeof depth === 'number' && Number.isInteger(depth) && depth >= 0 ? depth : null,
    curve: text('curve'),
    sample: text('sample'),
    behind: one('behind', ['changed', 'all'], usual.behind),
    measure: one('measure', ['mean', 'mass'], usual.measure),
  };
}
