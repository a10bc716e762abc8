/** The order in which several checkpoints were trained: guessed, said, and changed only where somebody asks for it. */
import type { StageRequest } from '../protocol/engineApi.js';
import { labelsOf } from '../services/checkpointPath.js';
import { BACK, pickOne, showStatus } from '../services/screen.js';
import type { Services } from '../services/services.js';

/** Above this many, all orders are too many to list. */
const MOST_LISTED = 3;

/** The stages in the order that is guessed; the status bar says what it rests on. */
export async function guessedOrder({ engine }: Services, checkpoints: readonly string[]): Promise<StageRequest[]> {
  const labels = labelsOf(checkpoints);
  const { order, reason } = await engine.guessOrder({ paths: [...checkpoints] });
  const stages = order.map((index) => ({ path: checkpoints[index]!, label: labels[index]! }));
  showStatus(`${stages.map(({ label }) => label).join(' → ')}. ${reason}`, 'list-ordered');
  return stages;
}

/** Another order of these stages; undefined when dismissed. */
export async function pickOtherOrder<S extends StageRequest>(stages: readonly S[]): Promise<S[] | undefined> {
  const names = labelsOf(stages.map(({ path }) => path)).map((name, index) => stages[index]!.label ?? name);
  const text = (order: readonly number[]) => order.map((index) => names[index]!).join(' → ');
  const now = stages.map((_, index) => index);
  const listed = names.length <= MOST_LISTED ? permutations(names.length) : [[...now].reverse()];
  const others = listed.filter((order) => String(order) !== String(now));
  const chosen = await pickOne(
    { title: 'Change Order', placeholder: 'In which order were these trained? First the base, last the newest' },
    [
      ...others.map((order) => ({ label: text(order), value: order })),
      ...(names.length > MOST_LISTED ? [{ label: 'Another order…', icon: 'list-ordered', value: [] }] : []),
    ],
  );
  if (chosen === undefined || chosen === BACK) return undefined;
  const order = chosen.length > 0 ? chosen : await pickStepwise(names);
  return order?.map((index) => stages[index]!);
}

async function pickStepwise(names: readonly string[]): Promise<number[] | undefined> {
  const order: number[] = [];
  while (order.length < names.length) {
    const left = names.flatMap((label, value) => (order.includes(value) ? [] : [{ label, value }]));
    if (left.length === 1) order.push(left[0]!.value);
    else {
      const so = order.map((index) => `${names[index]!} → `).join('');
      const question = { title: 'Change Order', placeholder: `${so}which one is next?` };
      const step = order.length + 1;
      const picked = await pickOne({ ...question, step, totalSteps: names.length - 1 }, left);
      if (picked === undefined) return undefined;
      if (picked === BACK) order.pop();
      else order.push(picked);
    }
  }
  return order;
}

/** All orders of 0 … count − 1. */
export function permutations(count: number): number[][] {
  if (count === 0) return [[]];
  return permutations(count - 1).flatMap((shorter) =>
    Array.from({ length: count }, (_, at) => [...shorter.slice(0, at), count - 1, ...shorter.slice(at)]),
  );
}
