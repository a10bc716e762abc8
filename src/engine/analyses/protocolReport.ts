/** The protocol of a result, on a terminal. */
import { table } from '../report/text.js';
import { type Protocol, protocolLines } from './declare/protocolText.js';

/** Characters of a prompt that are printed: the whole of it is in the JSON. */
const SHOWN = 160;

/** Empty where all was as it is by default. */
export function protocolBlock({
  protocol,
  checkpoints,
}: {
  protocol?: Protocol;
  checkpoints: readonly { label: string }[];
}): string {
  if (protocol === undefined) return '';
  const lines = protocolLines(
    protocol,
    checkpoints.map(({ label }) => label),
  ).map(([name, value]) => [name, shortened(value)]);
  return `Protocol\n${table(lines, [false, false])}`;
}

function shortened(value: string): string {
  const line = value.replace(/\s*\n\s*/g, ' ⏎ ').trim();
  return line.length > SHOWN ? `${line.slice(0, SHOWN - 1)}…` : line;
}
