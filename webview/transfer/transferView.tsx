/** Evaluations: what each checkpoint and stitch can do, against IN or RL, with the questions behind every number. */
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { AbilityName, EvaluateResult } from '../../src/protocol/engineApi.js';
import { usePanel } from '../context.js';
import { reveal } from '../dom.js';
import { MenuButton } from '../exporters/menu.js';
import { Warnings } from '../folding.js';
import type { SamplesHost } from '../host.js';
import { Segmented } from '../kit.js';
import { ProtocolBlock } from '../overview/protocol.js';
import { finishedText, versionsText } from '../overview/origin.js';
import { useImages } from '../samples/images.js';
import type { Store } from '../state/store.js';
import { captionOf } from './drawings.js';
import { evaluationExports } from './exports.js';
import { Forest } from './forest.js';
import { GradingCard } from './gradingCard.js';
import {
  ABILITY_MEANINGS,
  ABILITY_NAMES,
  againstText,
  comparisonOf,
  modelOf,
  reading,
  referenceOf,
  type TransferModel,
} from './model.js';
import { EvaluationNumbers } from './numbersView.js';
import { Questions } from './questions.js';
import { SweepCard } from './sweepCard.js';
import './transfer.css';
import type { TransferView } from './view.js';

export interface EvaluationProps {
  title: string;
  result: EvaluateResult;
  view: TransferView;
  store: Store<TransferView>;
  host: SamplesHost;
}

export function Evaluation({ title, result, view, store, host }: EvaluationProps) {
  const context = usePanel();
  const images = useImages();
  const model = useMemo(() => modelOf(result), [result]);
  const exports = useMemo(() => evaluationExports(context, model, title, store.get), [model, title]);
  const against = referenceOf(model, view.against);
  const questions = useRef<HTMLElement>(null);
  // A choice that came from another result may name a checkpoint that this one does not have.
  useLayoutEffect(() => {
    const { checkpoint } = store.get();
    if (checkpoint !== null && model.rows[checkpoint] === undefined)
      store.set({ checkpoint: null, ability: null, question: null });
  }, [model]);
  useChanges(view, model, against, () => questions.current !== null && reveal(questions.current));

  const choose = (checkpoint: number, ability: AbilityName) => {
    const again = view.checkpoint === checkpoint && view.ability === ability;
    store.set(again ? { checkpoint: null, ability: null, question: null } : { checkpoint, ability, question: null });
    context.announce(
      again
        ? 'Selection cleared.'
        : `${model.rows[checkpoint]!.label}, ${ABILITY_NAMES[ability]}. Its questions are listed below.`,
    );
  };
  const parts = { model, against, view, store };
  return (
    <div class="transfer" data-testid="transfer">
      <div class="top">
        <div class="title-row">
          <h1>{title}</h1>
          <MenuButton label="Export" testId="export" entries={exports} />
        </div>
        <p class="muted">{model.abilities.map(meaningOf).join(' · ')}</p>
      </div>
      <div class="overview">
        <Warnings id="transfer-warnings" list={result.warnings} />
        <ProtocolBlock protocol={result.protocol} checkpoints={result.checkpoints} />
      </div>
      <div class="transfer-reading" data-testid="reading">
        {reading(model, against).map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </div>
      <div class="toolbar figure-toolbar" role="toolbar" aria-label="What the table shows">
        {model.references.length < 2 ? null : (
          <Segmented<string>
            label="Reference"
            testId="against"
            choices={model.references.map((index) => ({ value: String(index), label: model.rows[index]!.label }))}
            value={String(against)}
            onChange={(value) => store.set({ against: Number(value) })}
          />
        )}
        <span class="muted">{captionOf(model)}</span>
      </div>
      <div class="curve-cards">
        <SweepCard {...parts} onChoose={choose} />
        <section class="card" aria-label="Abilities">
          <h2>Abilities</h2>
          <Forest {...{ model, against }} chosen={view} onChoose={choose} />
          <p class="note forest-key">
            {several(result)
              ? `Dot: mean over questions of the fraction of right answers (mean@${several(result)}). ` +
                'Line: 95% interval (bootstrap over questions).'
              : 'Dot: fraction of questions. Line: 95% interval (Wilson).'}{' '}
            Dotted: the reference. ▲ ▼: differs significantly from the reference (
            {several(result) ? 'sign flips over questions' : 'McNemar'}, Holm-corrected over all comparisons, p &lt;
            0.05), in percentage points. Click a cell for its questions.
          </p>
        </section>
      </div>
      <GradingCard
        model={model}
        onChanged={(checkpoint, ability) => store.set({ checkpoint, ability, which: 'changed', question: null })}
      />
      <Questions {...parts} host={host} images={images} frame={questions} />
      <div>
        <EvaluationNumbers model={model} against={against} />
      </div>
      <div>
        <Origin result={result} />
      </div>
    </div>
  );
}

/** Answers per question, where there are several. */
function several({ protocol }: EvaluateResult): number | null {
  const answers = protocol?.sampling?.answers ?? 1;
  return answers > 1 ? answers : null;
}

function meaningOf(ability: AbilityName): string {
  return `${ABILITY_NAMES[ability]}: ${ABILITY_MEANINGS[ability].toLowerCase().replace(/\.$/, '')}`;
}

/** A cell that is opened comes into sight; another reference says what it changes. */
function useChanges(view: TransferView, model: TransferModel, against: number | null, opened: () => void): void {
  const { announce } = usePanel();
  const before = useRef(view);
  useLayoutEffect(() => {
    const last = before.current;
    before.current = view;
    const { checkpoint, ability } = view;
    if (view.against !== last.against && checkpoint !== null && ability !== null) {
      const cell = comparisonOf(model, checkpoint, against, ability);
      if (cell) announce(againstText(model, cell));
    }
    const isNew = last.checkpoint !== checkpoint || last.ability !== ability;
    if (checkpoint !== null && isNew && last !== view) opened();
  }, [view]);
}

function Origin({ result: { data, seed, provenance, grading } }: { result: EvaluateResult }) {
  return (
    <p class="provenance muted">
      {`${data} · seed ${seed} · run ${provenance.runId} · ${finishedText(provenance)} · ${versionsText(provenance)}, grading rules ${grading ?? 1}`}
    </p>
  );
}
