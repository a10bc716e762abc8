/** Which fraction of tokens goes through other experts, by layer, and in which samples. */
import { useMemo } from 'preact/hooks';
import type { RoutingResult } from '../../src/protocol/engineApi.js';
import { BandNote, LegendItem } from '../figure/swatch.js';
import { formatRate, plural } from '../format.js';
import { CurveChart } from './curveChart.js';
import { CurveNumbers } from './curveNumbers.js';
import { routingFigure } from './curves.js';
import type { TabProps } from './localization.js';
import { MeasuredSample, MeasuredSamples } from './measuredSamples.js';

export function Routing(props: TabProps) {
  const { model } = props;
  const figure = useMemo(() => routingFigure(model), [model]);
  const result = model.routing[0];
  if (figure === null || result === undefined)
    return (
      <p class="muted empty-tab">
        This run did not compare experts. Choose Expert routing in “Probe Checkpoint…” and two checkpoints of a mixture
        of experts.
      </p>
    );
  return (
    <div>
      <div class="legend probe-legend">
        {figure.series.map((one) => (
          <LegendItem key={one.key} series={one}>
            {one.name}
          </LegendItem>
        ))}
        <BandNote figure={figure} what="95% interval" />
        <span class="muted">{`n = ${result.samples.length}`}</span>
      </div>
      <div class="curve-cards">
        <section class="card" aria-label="Tokens with other experts by layer">
          <h2>{`Tokens with other experts, ${namesOf(result)}`}</h2>
          <p class="note" data-testid="routing-note">
            Both checkpoints read the same prompts. Counted are the tokens whose set of chosen experts differs; mean
            over samples.
          </p>
          <CurveChart model={model} figure={figure} chosen={null} testId="routing-figure" onChoose={null} />
        </section>
      </div>
      <Samples {...props} result={result} />
      <CurveNumbers id="routing-numbers" model={model} figures={[figure]} />
    </div>
  );
}

function namesOf({ checkpoints }: RoutingResult): string {
  return checkpoints.map(({ label }) => label).join(' → ');
}

type Sample = RoutingResult['samples'][number];

/** Mean over layers of the fraction of a sample's tokens. */
function changedIn({ tokens, changedText, changedVisual }: Sample): number {
  const sum = changedText.reduce((total, count, at) => total + count + (changedVisual[at] ?? 0), 0);
  return sum / (tokens * Math.max(1, changedText.length));
}

function Samples(props: TabProps & { result: RoutingResult }) {
  const { result } = props;
  return (
    <MeasuredSamples
      {...props}
      name="routing"
      samples={result.samples}
      summary={(sample) => `${plural(sample.tokens, 'token')} · ${formatRate(changedIn(sample))} with other experts`}
      hint="Choose a sample to see its image and its tokens with other experts."
    >
      {(sample) => (
        <MeasuredSample
          {...{ ...props, sample }}
          count={sample.images?.length ?? 0}
          facts={[
            ['Tokens', `${sample.tokens}, of which ${sample.visualTokens} visual`],
            ['Other experts', `${formatRate(changedIn(sample))} of tokens, mean over layers`],
            ['Most', mostText(result, sample)],
          ]}
        />
      )}
    </MeasuredSamples>
  );
}

function mostText({ depths }: RoutingResult, { changedText, changedVisual }: Sample): string {
  const changed = changedText.map((count, at) => count + (changedVisual[at] ?? 0));
  const most = Math.max(0, ...changed);
  return most === 0 ? 'none in any layer' : `${most} tokens in layer ${depths[changed.indexOf(most)]}`;
}
