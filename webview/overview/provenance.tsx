/** Where a result comes from: the foot of every view. */
import type { CompareResult } from '../../src/protocol/engineApi.js';
import { finishedText, versionsText } from './origin.js';

export function Provenance({ provenance: from, cuts }: Pick<CompareResult, 'provenance' | 'cuts'>) {
  const seconds = (Date.parse(from.finishedAt) - Date.parse(from.startedAt)) / 1000;
  const time = Number.isFinite(seconds)
    ? ` in ${seconds < 90 ? `${seconds.toFixed(seconds < 10 ? 1 : 0)} s` : `${Math.round(seconds / 60)} min`}`
    : '';
  return (
    <footer class="provenance muted" data-testid="provenance">
      {`Run ${from.runId} · ${finishedText(from)}${time} · cuts ${cuts.join(', ')} · ${versionsText(from)}`}
    </footer>
  );
}
