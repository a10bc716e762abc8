/** The samples behind a point: a list on the left, one sample in full on the right. */
import type { ComponentChildren, RefObject } from 'preact';
import type { SamplesHost } from '../host.js';
import { Segmented } from '../kit.js';
import { ImageSource, type SampleImages } from '../samples/images.js';
import { Answer, Facts, SampleHead, SamplePane } from '../samples/samplePane.js';
import type { Store } from '../state/store.js';
import { curveName, finalAnswer, quoted, stretches, type Curve, type ProbeModel, type ProbeSample } from './model.js';
import { pointName, whatWasDone } from './numbers.js';
import { MiniStrip, SKIP_WORDS, Strip, SWAP_WORDS, type StripWords } from './strip.js';
import type { ProbeView } from './view.js';

export interface BehindProps {
  frame: RefObject<HTMLElement | null>;
  host: SamplesHost;
  images: SampleImages;
  store: Store<ProbeView>;
  view: ProbeView;
  model: ProbeModel;
  /** Those in sight: the other checkpoints' strips come from them. */
  curves: readonly Curve[];
}

export function Behind(props: BehindProps) {
  const { store, view, model, curves } = props;
  const curve = curves.find(({ key }) => key === view.curve);
  const { depth } = view;
  if (curve === undefined || depth === null) return null;
  const wording = wordingOf(curve);
  const outcomeOf = (sample: ProbeSample) => sample.outcomes[sample.depths.indexOf(depth)];
  const changed = curve.samples.filter((sample) => outcomeOf(sample) !== 'same');
  const shown = view.behind === 'all' ? curve.samples : changed;
  const sample = curve.samples.find(({ id }) => id === view.sample);
  return (
    <SamplePane
      frame={props.frame}
      noun="sample"
      testId="behind"
      label="Samples behind the point"
      heading={pointName(model, curve, depth)}
      count={`${changed.length} of ${curve.samples.length} ${wording.changed.toLowerCase()}`}
      filter={
        <Segmented<ProbeView['behind']>
          label="Samples"
          labelHidden
          testId="behind-which"
          choices={[
            { value: 'changed', label: wording.changed },
            { value: 'all', label: 'All' },
          ]}
          value={view.behind}
          onChange={(behind) => store.set({ behind })}
        />
      }
      items={shown.map((one) => ({
        id: one.id,
        row: () => <SampleRow sample={one} depth={depth} wording={wording} />,
      }))}
      empty={wording.empty}
      selected={view.sample}
      onSelect={(id) => store.set({ sample: id })}
      onLeave={() => store.set({ depth: null, curve: null, sample: null })}
    >
      {sample === undefined ? (
        <p class="muted">{`Choose a sample to see ${wording.images}its answers, and where they flip.`}</p>
      ) : (
        <Detail {...props} curve={curve} sample={sample} depth={depth} wording={wording} />
      )}
    </SamplePane>
  );
}

/** How a study speaks of its samples. */
interface Wording {
  words: StripWords;
  changed: 'Changed' | 'Wrong';
  sign: string;
  empty: string;
  images: string;
  before: string;
  /** Whether an answer may become that of a source image. */
  hasSource: boolean;
}

const VISION: Wording = {
  words: SWAP_WORDS,
  changed: 'Changed',
  sign: '→',
  empty: 'No answer changed here.',
  images: 'its images, ',
  before: 'Before',
  hasSource: true,
};
const REASONING: Wording = {
  words: SKIP_WORDS,
  changed: 'Wrong',
  sign: '✗',
  empty: 'No wrong answer here.',
  images: '',
  before: 'Unmodified model',
  hasSource: false,
};

function wordingOf({ task }: Curve): Wording {
  return task === null ? REASONING : VISION;
}

function SampleRow({ sample, depth, wording }: { sample: ProbeSample; depth: number; wording: Wording }) {
  const at = sample.depths.indexOf(depth);
  const outcome = sample.outcomes[at] ?? 'same';
  return (
    <>
      <span class={`outcome ${outcome}`} title={wording.words[outcome]}>
        {outcome === 'same' ? '=' : wording.sign}
      </span>
      <span class="sample-text">
        <span class="sample-prompt">{sample.prompt}</span>
        <span class="sample-answers">
          {quoted(sample.baseline)}
          {' → '}
          <b>{quoted(sample.answers[at] ?? '')}</b>
        </span>
      </span>
      <MiniStrip sample={sample} />
    </>
  );
}

type DetailProps = BehindProps & { curve: Curve; sample: ProbeSample; depth: number; wording: Wording };

function Detail(props: DetailProps) {
  const { sample, curve, depth, wording } = props;
  const { words, hasSource } = wording;
  const at = sample.depths.indexOf(depth);
  const facts: [string, ComponentChildren][] = [
    [
      wording.before,
      <span>
        <Said text={sample.baseline} />
        {sample.baselineCorrect === false ? <span class="muted">{' wrong'}</span> : null}
      </span>,
    ],
    [
      `After, ${whatWasDone(curve, depth)}`,
      <span data-testid="sample-after">
        <Said text={sample.answers[at] ?? ''} />
        <span class="muted">{` ${words[sample.outcomes[at] ?? 'same']}`}</span>
      </span>,
    ],
  ];
  if (sample.truth !== null) facts.unshift(['Ground truth', <Said text={sample.truth} />]);
  if (sample.sourceAnswer !== null) facts.push(['Answer to the source image', <Said text={sample.sourceAnswer} />]);
  return (
    <>
      <SampleHead id={sample.id} prompt={sample.prompt} />
      <Images {...props} />
      <Facts facts={facts} />
      <h3>Where the answer flips</h3>
      <Lanes {...props} />
      <p class="strip-key muted">
        <StripKey outcome="same" text={words.same} />
        {hasSource ? <StripKey outcome="source" text={words.source} /> : null}
        <StripKey outcome="other" text={words.other} />
      </p>
      <ol class="stretches" data-testid="stretches">
        {stretches(sample).map(({ from, to, answer, outcome }) => (
          <li key={from} aria-current={depth >= from && depth <= to ? 'true' : undefined}>
            <span class="number muted">{from === to ? `layer ${from}` : `layers ${from}–${to}`}</span>
            <Said text={finalAnswer(answer)} />
            <span class="muted">{words[outcome]}</span>
          </li>
        ))}
      </ol>
    </>
  );
}

function StripKey({ outcome, text }: { outcome: string; text: string }) {
  return (
    <span>
      <i class={`strip-cell ${outcome}`} />
      {text}
    </span>
  );
}

const IMAGE_NAMES = { target: 'Target', source: 'Source', image: 'Image' };

function Images({ sample, images, host }: DetailProps) {
  if (sample.images.length === 0) return null;
  return (
    <div class="image-pair">
      {sample.images.map(({ which, black, note }) => (
        <figure key={which}>
          {black ? (
            <div class="sample-image black">
              <span>blank image</span>
            </div>
          ) : (
            <ImageSource
              images={images}
              id={`${sample.result}/${sample.id}/${which}`}
              alt={which === 'image' ? 'Image' : `${IMAGE_NAMES[which]} image`}
              load={() => host.sampleImage({ result: sample.result, sample: sample.id, which })}
            />
          )}
          <figcaption>
            <strong>{IMAGE_NAMES[which]}</strong>
            {note === '' ? null : <span class="muted">{` ${note}`}</span>}
          </figcaption>
        </figure>
      ))}
    </div>
  );
}

/** The sample over all layers, for every checkpoint in sight. */
function Lanes({ model, curve, curves, sample, depth, wording, store }: DetailProps) {
  const isTwin = (one: Curve) =>
    one.task === curve.task && one.variant === curve.variant && one.suffix === curve.suffix;
  const lanes = [curve, ...curves.filter((one) => one.key !== curve.key && isTwin(one))]
    .flatMap((one) => {
      const own = one.samples.find(({ id }) => id === sample.id);
      return own === undefined ? [] : [{ curve: one, sample: own }];
    })
    .sort((a, b) => a.curve.checkpoint - b.curve.checkpoint);
  return (
    <div class="lanes">
      {lanes.map(({ curve: own, sample: its }) => (
        <div key={own.key} class="lane">
          {lanes.length > 1 ? <span class="lane-name">{model.checkpoints[own.checkpoint]?.label ?? ''}</span> : null}
          <Strip
            sample={its}
            depth={depth}
            label={`${curveName(model, own)}, answer by layer`}
            words={wording.words}
            onDepth={(to) => store.set({ depth: to, curve: own.key })}
          />
        </div>
      ))}
    </div>
  );
}

function Said({ text }: { text: string }) {
  return <Answer text={text.trim() === '' ? ' ' : text.trim()} />;
}
