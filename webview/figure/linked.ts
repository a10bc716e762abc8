/** One cursor through figures over the same axis: where it stands in one, the others show it too. No DOM. */
export interface Linked {
  /** On the shared axis; null where no figure is pointed at. */
  at(): number | null;
  set(at: number | null): void;
  /** @returns what ends it */
  onMove(listener: () => void): () => void;
}

export function createLinked(): Linked {
  let at: number | null = null;
  const listeners = new Set<() => void>();
  return {
    at: () => at,
    set(next) {
      if (next === at) return;
      at = next;
      for (const listener of listeners) listener();
    },
    onMove(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
