/** Asks once in which order several checkpoints were trained. The guess comes first and says what it rests on. */
import * as vscode from 'vscode';
import type { EngineApi, StageRequest } from '../protocol/engineApi.js';
import { labelsOf } from '../services/checkpointPath.js';

interface Choice extends vscode.QuickPickItem {
  /** Undefined asks stage by stage. */
  lineage?: Lineage;
}

interface Lineage {
  /** Indices into the checkpoints. */
  order: number[];
  /** One per stage, in that order. */
  labels: string[];
}

/** Above this many, all orders are too many to list. */
const MOST_LISTED = 3;

/** Undefined when dismissed. */
export async function pickOrder(
  engine: EngineApi,
  checkpoints: readonly string[],
  title = 'Compare Lineage',
): Promise<StageRequest[] | undefined> {
  const names = labelsOf(checkpoints);
  const cancel = new AbortController();
  const chosen = await vscode.window.showQuickPick<Choice>(
    engine
      .guessOrder({ paths: [...checkpoints] }, { signal: cancel.signal })
      .then(({ order, labels, reason }) => choices(names, { order, labels }, reason)),
    { title, placeHolder: 'In which order were these trained? First the base, last the newest.', matchOnDetail: true },
  );
  cancel.abort(); // guessing may read weights; a dismissed question needs no answer
  if (chosen === undefined) return undefined;
  const lineage = chosen.lineage ?? (await pickStepwise(names));
  return lineage?.order.map((index, stage) => ({ path: checkpoints[index]!, label: lineage.labels[stage]! }));
}

function choices(names: readonly string[], guess: Lineage, reason: string): Choice[] {
  const named = (order: number[]): Lineage => ({ order, labels: order.map((index) => names[index]!) });
  const text = (order: readonly number[]) => order.map((index) => names[index]!).join(' → ');
  const listed = names.length <= MOST_LISTED ? permutations(names.length) : [[...guess.order].reverse()];
  const others = listed.filter((order) => String(order) !== String(guess.order));
  return [
    { label: text(guess.order), description: `guessed: ${guess.labels.join(' → ')}`, detail: reason, lineage: guess },
    ...others.map((order) => ({ label: text(order), lineage: named(order) })),
    ...(names.length > MOST_LISTED ? [{ label: '$(list-ordered) Another order…' }] : []),
  ];
}

async function pickStepwise(names: readonly string[]): Promise<Lineage | undefined> {
  const order: number[] = [];
  while (order.length < names.length) {
    const left = names.flatMap((label, index) => (order.includes(index) ? [] : [{ label, index }]));
    if (left.length === 1) order.push(left[0]!.index);
    else {
      const so = order.map((index) => `${names[index]!} → `).join('');
      const picked = await vscode.window.showQuickPick(left, {
        title: 'Compare Lineage',
        placeHolder: `${so}which one is next?`,
      });
      if (picked === undefined) return undefined;
      order.push(picked.index);
    }
  }
  return { order, labels: order.map((index) => names[index]!) };
}

/** All orders of 0 … count − 1. */
export function permutations(count: number): number[][] {
  if (count === 0) return [[]];
  return permutations(count - 1).flatMap((shorter) =>
    Array.from({ length: count }, (_, at) => [...shorter.slice(0, at), count - 1, ...shorter.slice(at)]),
  );
}
