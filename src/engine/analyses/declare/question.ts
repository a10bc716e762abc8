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
      const { noun, flags } = notesOf(schema.entries[key]!);
      if (noun !== undefined)
        return [
          key,
          (value as StageRequest[]).map((stage, index) => ({
            ...stage,
            path: isEndpointPath(stage.path) ? stage.path : path.resolve(stage.path),
            label: labels[index]!,
          })),
        ];
      return [key, flags[0]?.isPath ? path.resolve(value as string) : value];
    }),
  );
}
