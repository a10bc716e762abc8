/** What of a layer can be skipped. `experts`: those that the router chooses; the one that every token has stays. */
export const SKIP_PARTS = ['layer', 'attention', 'mlp', 'experts'] as const;

export type SkipPart = (typeof SKIP_PARTS)[number];
