/**
 * An adapter needs its base. Where the one that its config names is not on this machine, the user is asked for it, and
 * the two go on together as `BASE+ADAPTER`.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { folderOf, labelOf } from '../services/checkpointPath.js';
import { messageOf } from '../services/errors.js';
import type { Services } from '../services/services.js';
import { pathsFrom } from './arguments.js';

/** How a base is asked for. */
export type AskForBase = (
  services: Services,
  question: { title: string; placeholder: string },
) => Promise<string | undefined>;

/** The checkpoint itself, or with the base that was asked for; undefined when that was dismissed. */
export async function withBase(services: Services, checkpoint: string, ask: AskForBase): Promise<string | undefined> {
  if (!existsSync(path.join(folderOf(checkpoint), 'adapter_config.json'))) return checkpoint;
  try {
    await services.engine.inspect({ path: checkpoint });
    return checkpoint;
  } catch (error) {
    // What else is wrong with it is said by what was asked for.
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'no-base') return checkpoint;
    services.log.info(messageOf(error));
    const base = await ask(services, {
      title: 'Base of an Adapter',
      placeholder:
        `Which checkpoint does ${labelOf(checkpoint)} belong on? The one that its config names is not ` +
        'on this machine.',
    });
    return base === undefined ? undefined : `${base}+${checkpoint}`;
  }
}

/** What a command was invoked on, with bases where they had to be asked for; undefined when that was dismissed. */
export async function withBases(
  services: Services,
  args: readonly unknown[],
  ask: AskForBase,
): Promise<readonly unknown[] | undefined> {
  const paths = pathsFrom(args);
  const found: string[] = [];
  for (const file of paths) {
    const whole = await withBase(services, file, ask);
    if (whole === undefined) return undefined;
    found.push(whole);
  }
  return found.every((whole, index) => whole === paths[index]) ? args : [found];
}
