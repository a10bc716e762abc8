/**
 * Reads one damaged input after another, as its parent asks; a process of its own, since one may hang it or kill it.
 */
import { Damaged } from './input.js';

export interface Ask {
  kind: string;
  seed: number;
}

export interface Answer extends Ask {
  /** `read`, or the code of the refusal. */
  outcome?: string;
  /** What is wrong with us. */
  failure?: string;
}

const root = process.argv[2]!;
const inputs = new Map<string, Damaged>();

async function answer({ kind, seed }: Ask): Promise<Answer> {
  try {
    const input = inputs.get(kind) ?? (await Damaged.of(kind, root));
    inputs.set(kind, input);
    return { kind, seed, outcome: await input.read(seed) };
  } catch (error) {
    return { kind, seed, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

process.on('message', (ask: Ask) => void answer(ask).then((found) => process.send?.(found)));
process.on('disconnect', () => process.exit());
