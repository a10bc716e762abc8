/** A value that tells its readers when it changes. No DOM. */

export interface Store<T> {
  get: () => T;
  /** Merges `patch`; readers hear of it once, and not at all when nothing changed. */
  set: (patch: Partial<T>) => void;
  subscribe: (reader: (now: T, before: T) => void) => () => void;
}

export function createStore<T extends object>(initial: T): Store<T> {
  let value = initial;
  const readers = new Set<(now: T, before: T) => void>();
  return {
    get: () => value,
    set(patch) {
      const keys = Object.keys(patch) as (keyof T)[];
      if (keys.every((key) => Object.is(patch[key], value[key]))) return;
      const before = value;
      value = { ...value, ...patch };
      for (const reader of [...readers]) reader(value, before);
    },
    subscribe(reader) {
      readers.add(reader);
      return () => readers.delete(reader);
    },
  };
}
