/** The checkpoints of a lineage in their order. */
import { Fragment } from 'preact';
import type { StageSummary } from '../../src/protocol/engineApi.js';
import { roleBadge, type NamedStage } from '../deltas.js';
import { formatBytes, formatCount, plural } from '../format.js';
import { Icon } from '../icons.js';

export function StageChips({ stages }: { stages: readonly StageSummary[] }) {
  return (
    <ol class="stages" aria-label="Stages">
      {stages.map((stage, index) => (
        <Fragment key={index}>
          {index === 0 ? null : (
            <li class="stage-arrow" aria-hidden="true">
              <Icon name="arrow" />
            </li>
          )}
          <li class="stage" title={titleOf(stage)} data-testid={`stage-${index}`}>
            <strong>{stage.label}</strong>
            <Role stage={stage} />
            <span class="muted">{`${stage.dtype} · ${formatCount(stage.parameters)}`}</span>
          </li>
        </Fragment>
      ))}
    </ol>
  );
}

function titleOf({ path, family, layers, visionLayers, bytes }: StageSummary): string {
  const vision = visionLayers > 0 ? `, ${plural(visionLayers, 'vision block')}` : '';
  return `${path}\n${family}, ${plural(layers, 'language layer')}${vision}\n${formatBytes(bytes)}`;
}

/** What a stage is in its lineage, as a badge. */
function Role({ stage }: { stage: NamedStage }) {
  const role = roleBadge(stage);
  return role === null ? null : (
    <span class="badge" data-testid="role">
      {role}
    </span>
  );
}
