/** The protocol of a result: how questions were put and which, beyond the defaults. */
import { protocolLines, type Protocol } from '../../src/protocol/protocolText.js';

export function ProtocolBlock({
  protocol,
  checkpoints,
}: {
  protocol: Protocol | undefined;
  checkpoints: readonly { label: string }[];
}) {
  if (protocol === undefined) return null;
  const lines = protocolLines(
    protocol,
    checkpoints.map(({ label }) => label),
  );
  return (
    <details class="protocol" data-testid="protocol">
      <summary>
        Protocol <span class="muted">{[...new Set(lines.map(([name]) => name))].join(', ')}</span>
      </summary>
      <dl>
        {lines.map(([name, value]) => (
          <div key={name + value}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
