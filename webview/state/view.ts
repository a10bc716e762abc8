/**
 * The user's choices in the panel: what survives a reload (`PanelMemory.view`). What comes back from storage was
 * written by another version, perhaps; every field is checked and falls back alone. No DOM.
 */

export const METRICS = ['energy', 'relative', 'changed', 'cosine'] as const;
export type Metric = (typeof METRICS)[number];

export const ENERGY_OVER = ['mean', 'sum', 'whole'] as const;
export type EnergyOver = (typeof ENERGY_OVER)[number];

export const RELATIVE_OVER = ['whole', 'mean'] as const;
export type RelativeOver = (typeof RELATIVE_OVER)[number];

export const PARTS = ['all', 'attention', 'mlp', 'norm', 'embedding', 'other'] as const;
export type Part = (typeof PARTS)[number];

export const SECTION_FILTERS = ['all', 'vision', 'projector', 'language', 'other'] as const;
export type SectionFilter = (typeof SECTION_FILTERS)[number];

export interface ViewState {
  metric: Metric;
  /** How a layer's matrices become one number: mean or sum of ‖Δ‖_F, or one norm over all of them. */
  energyOver: EnergyOver;
  relativeOver: RelativeOver;
  scale: 'linear' | 'log';
  /** Each update on a y axis of its own, or all on one. */
  axes: 'own' | 'shared';
  /** Which weights count in the layer figure. */
  part: Part;
  floor: boolean;
  /** Updates taken out of the layer figure. */
  hidden: readonly number[];
  heatDelta: number;
  /** Norms and biases in the heat map. */
  heatMinor: boolean;
  depth: number | null;
  tensor: string | null;
  detailDelta: number;
  /** The table shows the selected depth only. */
  depthOnly: boolean;
  query: string;
  regex: boolean;
  section: SectionFilter;
  component: Part;
  /** −1 all updates, −2 as many as fit. */
  tableDelta: number;
  sortColumn: string | null;
  descending: boolean;
  /** Sections that the user folded or unfolded. */
  open: Readonly<Record<string, boolean>>;
}

export const ALL_DELTAS = -1;
export const FITTING_DELTAS = -2;

/** The layer figure starts as the command line's table does: ‖ΔW‖ / ‖W‖ of each layer's weights as one vector. */
export const DEFAULT_VIEW: ViewState = {
  metric: 'relative',
  energyOver: 'mean',
  relativeOver: 'whole',
  scale: 'log',
  axes: 'shared',
  part: 'all',
  floor: true,
  hidden: [],
  heatDelta: 0,
  heatMinor: false,
  depth: null,
  tensor: null,
  detailDelta: 0,
  depthOnly: false,
  query: '',
  regex: false,
  section: 'all',
  component: 'all',
  tableDelta: FITTING_DELTAS,
  sortColumn: null,
  descending: true,
  open: {},
};

/** `memory` as a view; anything that does not fit becomes the default. */
export function parseView(memory: unknown): ViewState {
  const from = typeof memory === 'object' && memory !== null ? (memory as Record<string, unknown>) : {};
  const one = <T extends string>(key: string, allowed: readonly T[], fallback: T): T =>
    allowed.find((value) => value === from[key]) ?? fallback;
  const flag = (key: string, fallback: boolean): boolean => (typeof from[key] === 'boolean' ? from[key] : fallback);
  const integer = (key: string, least: number, fallback: number): number => {
    const value = from[key];
    return typeof value === 'number' && Number.isInteger(value) && value >= least ? value : fallback;
  };
  const text = (key: string): string | null => (typeof from[key] === 'string' ? from[key] : null);
  const depth = from['depth'];
  const hidden = from['hidden'];
  const open = from['open'];
  return {
    metric: one('metric', METRICS, DEFAULT_VIEW.metric),
    energyOver: one('energyOver', ENERGY_OVER, DEFAULT_VIEW.energyOver),
    relativeOver: one('relativeOver', RELATIVE_OVER, DEFAULT_VIEW.relativeOver),
    scale: one('scale', ['linear', 'log'], DEFAULT_VIEW.scale),
    axes: one('axes', ['own', 'shared'], DEFAULT_VIEW.axes),
    part: one('part', PARTS, DEFAULT_VIEW.part),
    floor: flag('floor', DEFAULT_VIEW.floor),
    hidden: Array.isArray(hidden) ? hidden.filter((value): value is number => Number.isInteger(value)) : [],
    heatDelta: integer('heatDelta', 0, 0),
    heatMinor: flag('heatMinor', DEFAULT_VIEW.heatMinor),
    depth: typeof depth === 'number' && Number.isInteger(depth) ? depth : null,
    tensor: text('tensor'),
    detailDelta: integer('detailDelta', 0, 0),
    depthOnly: flag('depthOnly', DEFAULT_VIEW.depthOnly),
    query: text('query') ?? '',
    regex: flag('regex', DEFAULT_VIEW.regex),
    section: one('section', SECTION_FILTERS, DEFAULT_VIEW.section),
    component: one('component', PARTS, DEFAULT_VIEW.component),
    tableDelta: integer('tableDelta', FITTING_DELTAS, FITTING_DELTAS),
    sortColumn: text('sortColumn'),
    descending: flag('descending', DEFAULT_VIEW.descending),
    open:
      typeof open === 'object' && open !== null
        ? Object.fromEntries(
            Object.entries(open).filter((entry): entry is [string, boolean] => typeof entry[1] === 'boolean'),
          )
        : {},
  };
}
