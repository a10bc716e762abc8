/**
 * What a checkpoint is in its lineage. Roles are a list, in the order of training: a lineage has any number of stages,
 * and the second of a kind is numbered (`base`, `in`, `rl`, `rl2`). Shown beside a checkpoint's name, never in its
 * place.
 */
export type StageRole = 'base' | Numbered<'in'> | Numbered<'rl'>;

type Numbered<Kind extends string> = Kind | `${Kind}${number}`;

/** `base`, `in`, `rl`; from the second of a kind on with its number. */
export const ROLE_PATTERN = /^(?:base|(?:in|rl)(?:[2-9]|[1-9]\d)?)$/;

export function isStageRole(value: unknown): value is StageRole {
  return typeof value === 'string' && ROLE_PATTERN.test(value);
}

/** Numbers those that come again, in their order: `rl`, `rl` is `rl`, `rl2`. */
export function numbered(roles: readonly ('base' | 'in' | 'rl')[]): StageRole[] {
  const seen = new Map<string, number>();
  return roles.map((role) => {
    const count = (seen.get(role) ?? 0) + 1;
    seen.set(role, count);
    return count === 1 ? role : (`${role}${count}` as StageRole);
  });
}
