/**
 * One tensor closely: what was stored, how each update moved it, how Δ is distributed and where in the matrix it lies.
 */
import { useEffect, useState } from 'preact/hooks';
import type { TensorDetail, TensorResult } from '../../src/protocol/engineApi.js';
import { floorRatio } from '../../src/protocol/floor.js';
import { usePanel } from '../context.js';
import {
  formatCosine,
  formatCount,
  formatNumber,
  formatShape,
  formatFraction,
  formatTimes,
  plural,
} from '../format.js';
import type { CompareHost } from '../host.js';
import { Button, Segmented } from '../kit.js';
import { floorLevel, LEVEL_TEXT, whyMissing } from '../state/measure.js';
import { describeDepth, type Model } from '../state/model.js';
import { BarChart } from './barChart.js';
import { concentration, histogramBars, profileBars } from './bins.js';

export interface DetailProps {
  model: Model;
  tensor: TensorResult;
  /** The update that is looked at. */
  from: number;
  host: CompareHost;
}

export function Detail(props: DetailProps) {
  const { model, tensor, from, host } = props;
  const { view, ask, announce, host: common } = usePanel();
  const location = [
    tensor.depth === null ? null : describeDepth(model, tensor.depth),
    tensor.component === 'mlp' ? 'MLP' : tensor.component,
    formatShape(tensor.shape),
  ];
  const copy = () => {
    void ask(common.copy({ text: tensor.name }));
    announce('Name copied.');
  };
  return (
    <section class="detail" aria-label="Tensor in detail" data-testid="detail">
      <header class="detail-head">
        <h3 class="detail-name" data-testid="detail-name">
          {tensor.name}
        </h3>
        <span class="detail-tools">
          <Button kind="icon" icon="copy" label="Copy name" onClick={copy} />
          <Button
            kind="icon"
            icon="close"
            label="Close details"
            testId="detail-close"
            onClick={() => view.set({ tensor: null })}
          />
        </span>
      </header>
      <p class="muted detail-place">{location.filter((part) => part !== null).join(' · ')}</p>
      <Stored {...props} />
      <div class="detail-switch">
        {model.deltas.length < 2 ? null : (
          <Segmented
            label="Update"
            labelHidden
            testId="detail-delta"
            choices={model.deltas.map((name) => ({ value: String(name.index), label: name.short, title: name.full }))}
            value={String(from)}
            onChange={(value) => view.set({ detailDelta: Number(value) })}
          />
        )}
        <span class="muted">{model.deltas[from]?.full ?? ''}</span>
      </div>
      <Moved tensor={tensor} from={from} />
      {/* New cuts leave the tensor as it was. */}
      <Charts key={`${model.result.provenance.runId} ${tensor.name} ${from}`} tensor={tensor} from={from} host={host} />
    </section>
  );
}

/** What each stage has on disk. */
function Stored({ model, tensor, host }: DetailProps) {
  const { ask } = usePanel();
  const { stages } = model.result;
  return (
    <table class="facts">
      <thead>
        <tr>
          {['Stage', 'dtype', '‖W‖', 'Name on disk', ''].map((head) => (
            <th key={head} scope="col" class={head === '‖W‖' ? 'numeric' : ''}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {stages.map((stage, index) => {
          const name = tensor.onDisk[index] ?? null;
          return (
            <tr key={index}>
              <th scope="row">{stage.label}</th>
              <td>{tensor.dtypes[index] ?? '–'}</td>
              <td class="numeric">{formatNumber(tensor.norms[index])}</td>
              <td class="disk-name" title={name ?? ''}>
                {name === null ? 'absent' : name === tensor.name ? <span class="muted">same</span> : name}
              </td>
              <td>
                {name === null ? null : (
                  <Button
                    kind="icon"
                    icon="locate"
                    label={`Show in ${stage.label}`}
                    testId={`reveal-${index}`}
                    onClick={() => void ask(host.revealTensor({ name: tensor.name, stage: index }))}
                  />
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** How the update moved it, in numbers. */
function Moved({ tensor, from }: Pick<DetailProps, 'tensor' | 'from'>) {
  const delta = tensor.deltas[from] ?? null;
  const elements = tensor.shape.reduce((product, size) => product * size, 1);
  const facts: [string, string, string?][] =
    delta === null
      ? []
      : [
          ['‖Δ‖', formatNumber(delta.fro)],
          ['relative', formatNumber(delta.relative)],
          ['rounding floor', formatNumber(delta.floor)],
          ['× floor', formatTimes(floorRatio(delta)), LEVEL_TEXT[floorLevel(delta)]],
          ['changed', formatFraction(delta.changed), `${formatCount(delta.changedCount)} of ${formatCount(elements)}`],
          ['cosine', formatCosine(delta.cosine)],
          ['max |Δ|', formatNumber(delta.maxAbs)],
        ];
  if (delta !== null && delta.nonFinite > 0)
    facts.push(['NaN or infinite', String(delta.nonFinite), 'left out of all sums']);

  return (
    <dl class="fact-list" data-testid="detail-facts">
      {facts.map(([name, value, note]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class="number">{value}</dd>
          {note === undefined ? null : <dd class="muted">{note}</dd>}
        </div>
      ))}
    </dl>
  );
}

type Loaded = { detail: TensorDetail } | { error: string } | null;

function Charts({ tensor, from, host }: Omit<DetailProps, 'model'>) {
  const [loaded, setLoaded] = useState<Loaded>(null);
  const [attempt, setAttempt] = useState(0);
  const delta = tensor.deltas[from] ?? null;
  const none =
    delta === null
      ? whyMissing(tensor, from, 'fro')
      : delta.changedCount === 0
        ? 'This update changed no element.'
        : null;
  useEffect(() => {
    if (none !== null) return;
    let here = true;
    setLoaded(null);
    host.tensorDetail({ name: tensor.name, from }).then(
      (detail) => here && setLoaded({ detail }),
      (error: unknown) => here && setLoaded({ error: error instanceof Error ? error.message : String(error) }),
    );
    return () => {
      here = false;
    };
  }, [attempt]);
  return (
    <div class="detail-charts" aria-live="off">
      {none !== null ? (
        <p class="note">{none}</p>
      ) : loaded === null ? (
        <p class="note" role="status">
          <span class="spinner" aria-hidden="true" />
          Reading this tensor…
        </p>
      ) : 'error' in loaded ? (
        <>
          <p class="field-error" role="alert">
            {loaded.error}
          </p>
          <Button label="Try again" onClick={() => setAttempt(attempt + 1)} />
        </>
      ) : (
        <Distribution detail={loaded.detail} from={from} />
      )}
    </div>
  );
}

function Distribution({ detail, from }: { detail: TensorDetail; from: number }) {
  const { histogram, shape, rowEnergy, rowsPerBin, columnEnergy, columnsPerBin } = detail;
  const columns = shape.slice(1).reduce((product, size) => product * size, 1);
  return (
    <>
      <BarChart
        label="Histogram of Δ, counts on a log scale"
        data={histogramBars(histogram)}
        series={from}
        testId="histogram"
      />
      <p class="note">
        {`${formatCount(histogram.zeros)} ${histogram.zeros === 1 ? 'element is' : 'elements are'} exactly unchanged and not drawn.`}
      </p>
      <Profile energies={rowEnergy} perBin={rowsPerBin} total={shape[0] ?? 1} what="row" series={from} />
      <Profile energies={columnEnergy} perBin={columnsPerBin} total={columns} what="column" series={from} />
    </>
  );
}

function Profile({
  energies,
  perBin,
  total,
  what,
  series,
}: {
  energies: readonly number[];
  perBin: number;
  total: number;
  what: 'row' | 'column';
  series: number;
}) {
  if (energies.length < 2) return null;
  const fraction = concentration(energies);
  const pooled = perBin > 1 ? `, ${plural(perBin, what)} per bar` : '';
  return (
    <>
      <BarChart
        label={`RMS of Δ per ${what}${pooled}`}
        data={profileBars(energies, perBin, total, what)}
        series={series}
        testId={`${what}-energy`}
      />
      <p class="note">
        {fraction === null ? '' : `The strongest tenth of the ${what}s holds ${formatFraction(fraction)} of ‖Δ‖².`}
      </p>
    </>
  );
}
