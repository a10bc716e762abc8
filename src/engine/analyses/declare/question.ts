/** What a run was asked, as its folder keeps it: enough to ask it again from anywhere. */
import path from 'node:path';
import type * as v from 'valibot';
import { isEndpointPath } from '../../checkpoint/endpointPath.js';
import type { StageRequest } from '../../checkpoint/stage.js';
import { notesOf } from './field.js';
import { asked } from './request.js';

/**
 * Without the settings of the machine, with absolute paths. @param labels of the checkpoints, as the result has them
 */
export function questionOf<Entries extends v.ObjectEntries>(
  schema: v.GenericSchema & { entries: Entries },
  request: object,
  labels: readonly string[],
): object {
  return Object.fromEntries(
    Object.entries(asked<v.GenericSchema>(schema, request) as object).map(([key, value]: [string, unknown]) => {
      const { noun, flags, paths = [] } = notesOf(schema.entries[key]!);
      if (noun !== undefined)
        return [
          key,
          (value as StageRequest[]).map((stage, index) => ({
            ...stage,
            path: isEndpointPath(stage.path) ? stage.path : path.resolve(stage.path),
            label: labels[index]!,
          })),
        ];
      if (paths.length > 0)
        return [key, withPaths(value as Record<string, unknown>, paths, (one) => path.resolve(one))];
      return [key, flags[0]?.isPath ? path.resolve(value as string) : value];
    }),
  );
}

/** A mapping with those of its keys that are paths resolved. */
export function withPaths(
  value: Readonly<Record<string, unknown>>,
  paths: readonly string[],
  resolve: (location: string) => string | undefined,
): Record<string, unknown> {
  const given = paths.filter((key) => typeof value[key] === 'string');
  return { ...value, ...Object.fromEntries(given.map((key) => [key, resolve(value[key] as string)])) };
}
