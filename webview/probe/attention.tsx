/** How much attention goes from reasoning tokens to visual tokens, by layer, and what was asked and answered. */
import { useMemo } from 'preact/hooks';
import type { AttentionResult } from '../../src/protocol/engineApi.js';
import { withoutAttention } from '../../src/protocol/layers.js';
import { BandNote, LegendItem } from '../figure/swatch.js';
import { plural } from '../format.js';
import { Segmented } from '../kit.js';
import { Answer } from '../samples/samplePane.js';
import { CurveChart } from './curveChart.js';
import { CurveNumbers } from './curveNumbers.js';
import { attentionFigure, shiftFigure } from './curves.js';
import type { TabProps } from './localization.js';
import { MeasuredSample, MeasuredSamples } from './measuredSamples.js';
import type { ProbeView } from './view.js';

const MEASURE_NOTES: Record<ProbeView['measure'], string> = {
  mean: 'Mean: averaged over heads, reasoning tokens and visual tokens. More visual tokens lower it.',
  mass:
    'Mass: summed over the visual tokens, averaged over heads and reasoning tokens: the fraction of ' +
    'attention on the image.',
};

export function Attention(props: TabProps) {
  const { store, view, model } = props;
  const { measure, hiddenCheckpoints } = view;
  const figure = useMemo(() => attentionFigure(model, measure, hiddenCheckpoints), [model, measure, hiddenCheckpoints]);
  const shift = useMemo(() => shiftFigure(model), [model]);
  const result = model.attention[0];
  if (figure === null || result === undefined)
    return (
      <p class="muted empty-tab">
        This run did not measure attention. Choose Attention shift in “Probe Checkpoint…” and the two checkpoints to
        compare.
      </p>
    );
  return (
    <div>
      <div class="toolbar figure-toolbar" role="toolbar" aria-label="What the figure shows">
        <Segmented<ProbeView['measure']>
          label="Measure"
          testId="attention-measure"
          choices={[
            { value: 'mean', label: 'Mean', title: 'Averaged over heads, reasoning tokens and visual tokens' },
            {
              value: 'mass',
              label: 'Mass',
              title: 'Summed over the visual tokens: the fraction of attention on the image',
            },
          ]}
          value={measure}
          onChange={(value) => store.set({ measure: value })}
        />
      </div>
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
        <section class="card" aria-label="Attention by layer">
          <h2>From reasoning tokens to visual tokens</h2>
          <p class="note" data-testid="attention-note">
            {MEASURE_NOTES[measure]}
            {result.stateLayers === undefined ? null : ` ${withoutAttention(result.stateLayers)}`}
          </p>
          <CurveChart model={model} figure={figure} chosen={null} testId="attention-figure" onChoose={null} />
        </section>
        {shift === null ? null : (
          <section class="card" aria-label="Shift">
            <h2>{`Shift, ${shift.series[0]!.name}`}</h2>
            <p class="note">
              Difference of the mean weight, paired over samples, with its 95% interval. Where the interval excludes
              zero, attention has shifted.
            </p>
            <CurveChart model={model} figure={shift} chosen={null} testId="shift-figure" low onChoose={null} />
          </section>
        )}
      </div>
      <div>
        <Samples {...props} result={result} />
      </div>
      <div>
        <CurveNumbers id="attention-numbers" model={model} figures={shift === null ? [figure] : [figure, shift]} />
      </div>
    </div>
  );
}

function Samples(props: TabProps & { result: AttentionResult }) {
  const { result } = props;
  return (
    <MeasuredSamples
      {...props}
      name="attention"
      samples={result.samples}
      summary={({ visualTokens, reasoningTokens }) =>
        `${plural(visualTokens, 'visual token')} · ${reasoningText(result, reasoningTokens)}`
      }
      hint="Choose a sample to see its image and what each checkpoint answered."
    >
      {(sample) => (
        <MeasuredSample
          {...{ ...props, sample }}
          count={sample.image === '' ? 0 : (sample.images?.length ?? 1)}
          facts={sample.answers.map((text, at) => [
            result.checkpoints[at]?.label ?? '',
            <Answer text={text.trim()} long />,
          ])}
        />
      )}
    </MeasuredSamples>
  );
}

/** `38 reasoning tokens`, `38 reasoning tokens (in) / 41 (rl)`. */
function reasoningText({ checkpoints }: AttentionResult, counts: readonly number[]): string {
  const [first = 0, ...others] = counts;
  if (others.length === 0) return plural(first, 'reasoning token');
  const label = (at: number) => checkpoints[at]?.label ?? '';
  return [
    `${plural(first, 'reasoning token')} (${label(0)})`,
    ...others.map((count, at) => `${count} (${label(at + 1)})`),
  ].join(' / ');
}
