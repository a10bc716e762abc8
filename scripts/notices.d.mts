export function notices(
  metafiles: readonly { inputs: Record<string, unknown> }[],
  shipped: readonly string[],
  root: string,
): string;
