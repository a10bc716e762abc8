/** A verification as text for a terminal. */
import { formatBytes, formatCount, formatNumber, formatPercent, table } from '../../report/text.js';
import type { VerifyPlan } from './request.js';
import type { GroupMovement, Verification } from './result.js';

export function report(verification: Verification): string {
  return `${verificationLines(verification).join('\n')}\n`;
}

export function planSentence({ tensors, bytes }: VerifyPlan): string {
  return `${formatCount(tensors)} tensors, ${formatBytes(bytes)} to read: every frozen one is compared bit for bit.`;
}

/** Tensors named in a list. */
const NAMED = 8;

/** Without the name of its run. */
export function verificationLines({
  result,
  madeOf,
  passed,
  frozen,
  moved,
  missing,
  groups,
  warnings,
  provenance,
}: Verification): string[] {
  const held = frozen.tensors - moved.length - missing.length;
  const proof =
    frozen.rounded > 0 ? `identical, ${frozen.rounded} of them only once IN is rounded` : 'bit-identical to IN';
  return [
    `  ${result}${madeOf === null ? '' : ` (${madeOf})`}`,
    `  ${passed ? '✔' : '✘'} frozen: ${formatCount(held)} of ${formatCount(frozen.tensors)} tensors ` +
      `are ${proof} (${formatCount(frozen.parameters)} parameters in all)`,
    ...moved
      .slice(0, NAMED)
      .map(
        ({ name, changed, elements, maxAbs, belowStep }) =>
          `    moved: ${name}, ${formatCount(changed)} of ${formatCount(elements)} weights, by up to ` +
          `${formatNumber(maxAbs)}${belowStep ? ', less than half a step of its dtype in IN' : ''}`,
      ),
    ...(moved.length > NAMED ? [`    and ${formatCount(moved.length - NAMED)} more`] : []),
    ...missing.slice(0, NAMED).map(({ name, reason }) => `    missing: ${name}. ${reason}`),
    ...(groups.length === 0 ? [] : indented(groupTable(groups))),
    ...warnings.map((warning) => `  ${warning}`),
    `  verified ${provenance.finishedAt.slice(0, 16).replace('T', ' ')} UTC`,
  ];
}

function groupTable(groups: readonly GroupMovement[]): string {
  return table(
    [
      ['free to move', 'update', '× rounding floor', 'weights changed', 'tensors unmoved'],
      ...groups.map(({ group, fro, timesFloor, changed, tensors, unmoved }) => [
        group,
        formatNumber(fro),
        formatNumber(timesFloor),
        formatPercent(changed),
        `${unmoved} of ${tensors}`,
      ]),
    ],
    [false, true, true, true, true],
  );
}

function indented(text: string): string[] {
  return text.split('\n').map((line) => `  ${line}`);
}
