/** The questions behind a cell: a list on the left, one question in full on the right, answers side by side. */
import type { RefObject } from 'preact';
import type { AbilityName, EvaluatedQuestion, Setting } from '../../src/protocol/engineApi.js';
import type { SamplesHost } from '../host.js';
import { Segmented } from '../kit.js';
import { quoted } from '../probe/model.js';
import { ImageSource, type SampleImages } from '../samples/images.js';
import { Answer, Facts, SampleHead, SamplePane } from '../samples/samplePane.js';
import type { Store } from '../state/store.js';
import {
  ABILITY_NAMES,
  changedIn,
  questionsBehind,
  SETTING_NAMES,
  SETTINGS_OF,
  type Behind,
  type Outcome,
  type TransferModel,
} from './model.js';
import type { TransferView } from './view.js';

const OUTCOME_WORDS: Record<Outcome, string> = { won: 'won', lost: 'lost', both: 'both', neither: 'neither' };
const OUTCOME_SIGNS: Record<Outcome, string> = { won: '▲', lost: '▼', both: '=', neither: '·' };

const SHOWN: Record<TransferView['which'], (one: Behind, checkpoint: number, ability: AbilityName) => boolean> = {
  all: () => true,
  changed: ({ question }, checkpoint, ability) => changedIn(question, checkpoint, ability),
  hit: ({ hit }) => hit,
  missed: ({ hit }) => !hit,
  flipped: ({ outcome }) => outcome === 'won' || outcome === 'lost',
};

const EMPTY: Partial<Record<TransferView['which'], string>> = {
  flipped: 'No question flipped.',
  changed: 'No verdict changed.',
};

export interface QuestionsProps {
  frame: RefObject<HTMLElement | null>;
  host: SamplesHost;
  images: SampleImages;
  store: Store<TransferView>;
  view: TransferView;
  model: TransferModel;
  against: number | null;
}

export function Questions(props: QuestionsProps) {
  const { model, against, view, store } = props;
  const { checkpoint, ability } = view;
  const isThere = checkpoint !== null && model.rows[checkpoint] !== undefined;
  if (!isThere || ability === null || !model.abilities.includes(ability)) return null;
  const all = questionsBehind(model, checkpoint, against, ability);
  const compared = against !== null && against !== checkpoint;
  const regraded = model.result.regrade !== undefined;
  const fits = view.which === 'flipped' ? compared : view.which === 'changed' ? regraded : true;
  const which = fits ? view.which : 'all';
  const setting = SETTINGS_OF[ability][0]!;
  const question = model.result.questions.find(({ id }) => id === view.question);
  return (
    <SamplePane
      frame={props.frame}
      noun="question"
      testId="questions"
      label="Questions behind the cell"
      heading={`${model.rows[checkpoint]!.label} · ${ABILITY_NAMES[ability]}`}
      count={countText(all, compared ? model.rows[against]!.label : null)}
      filter={
        <Segmented<TransferView['which']>
          label="Questions"
          labelHidden
          testId="questions-which"
          choices={[
            { value: 'flipped', label: 'Flipped' },
            ...(regraded ? [{ value: 'changed' as const, label: 'Verdict changed' }] : []),
            { value: 'hit', label: 'Counted' },
            { value: 'missed', label: 'Not counted' },
            { value: 'all', label: 'All' },
          ]}
          value={which}
          onChange={(value) => store.set({ which: value })}
        />
      }
      items={all
        .filter((one) => SHOWN[which](one, checkpoint, ability))
        .map((one) => ({
          id: one.question.id,
          row: () => <QuestionRow behind={one} setting={setting} checkpoint={checkpoint} />,
        }))}
      empty={EMPTY[which] ?? 'No questions match.'}
      selected={view.question}
      listKey={[model.result.provenance.runId, checkpoint, ability, against, view.which].join()}
      onSelect={(id) => store.set({ question: id })}
      onLeave={() => store.set({ checkpoint: null, ability: null, question: null })}
    >
      {question === undefined ? (
        <p class="muted">Choose a question to see its image, the ground truth, and the answers side by side.</p>
      ) : (
        <Detail
          {...props}
          question={question}
          ability={ability}
          columns={compared ? [against, checkpoint] : [checkpoint]}
        />
      )}
    </SamplePane>
  );
}

function countText(all: readonly Behind[], reference: string | null): string {
  const count = (outcome: Outcome) => all.filter((one) => one.outcome === outcome).length;
  const against = reference === null ? '' : ` · against ${reference}: ${count('won')} won, ${count('lost')} lost`;
  return `${all.filter(({ hit }) => hit).length} of ${all.length}${against}`;
}

function QuestionRow({
  behind: { question, hit, outcome },
  setting,
  checkpoint,
}: {
  behind: Behind;
  setting: Setting;
  checkpoint: number;
}) {
  return (
    <>
      <span
        class={`outcome ${outcome ?? (hit ? 'both' : 'neither')}`}
        title={outcome === null ? (hit ? 'counts' : 'does not count') : OUTCOME_WORDS[outcome]}
      >
        {outcome === null ? (hit ? '✓' : '·') : OUTCOME_SIGNS[outcome]}
      </span>
      <span class="sample-text">
        <span class="sample-prompt">{question.prompt}</span>
        <span class="sample-answers">
          <b>{quoted(question.answers[setting]?.[checkpoint] ?? '')}</b>
          <span class="muted">{` ground truth ${quoted(question.truth)}`}</span>
        </span>
      </span>
    </>
  );
}

type DetailProps = QuestionsProps & {
  question: EvaluatedQuestion;
  ability: AbilityName;
  /** Checkpoints whose answers stand beside each other. */
  columns: readonly number[];
};

function Detail(props: DetailProps) {
  const { model, question, ability, columns } = props;
  return (
    <>
      <SampleHead id={question.id} prompt={question.prompt} />
      <Images {...props} />
      <Facts facts={[['Ground truth', <Answer text={question.truth} />]]} />
      {SETTINGS_OF[ability]
        .filter((setting) => question.answers[setting] !== undefined)
        .map((setting) => (
          <section key={setting} class="setting">
            <h3>{SETTING_NAMES[setting]}</h3>
            <div class="side-by-side">
              {columns.map((index) => (
                <Verdict key={index} {...{ model, question, setting, index }} />
              ))}
            </div>
          </section>
        ))}
    </>
  );
}

function Images({ host, images, question }: DetailProps) {
  if (question.image === null) return null;
  return (
    <div class="image-pair">
      {(question.images ?? [question.image]).map((_, index, { length }) => (
        <figure key={index}>
          <ImageSource
            images={images}
            id={`0/${question.id}/image/${index}`}
            alt={length === 1 ? 'Image of the question' : `Image ${index + 1} of ${length}`}
            load={() => host.sampleImage({ result: 0, sample: question.id, which: 'image', index })}
          />
          {question.description === null || index < length - 1 ? null : (
            <figcaption class="muted">{question.description}</figcaption>
          )}
        </figure>
      ))}
    </div>
  );
}

/** What one checkpoint answered, and whether that is right. */
function Verdict({
  model,
  question,
  setting,
  index,
}: {
  model: TransferModel;
  question: EvaluatedQuestion;
  setting: Setting;
  index: number;
}) {
  const right = question.right[setting]![index]!;
  const judged = question.regraded?.includes(`${setting}/${index}`) === true;
  const changed = question.changed?.includes(`${setting}/${index}`) === true;
  const text = question.answers[setting]![index]!.trim();
  return (
    <div>
      <p>
        <strong>{model.rows[index]!.label}</strong>
        <span class={right ? 'verdict right' : 'verdict wrong'}>{right ? ' ✓ correct' : ' ✗ incorrect'}</span>
        {changed ? <span class="muted">{` (before: ${right ? 'incorrect' : 'correct'})`}</span> : null}
        {judged ? <span class="muted">{` by ${model.result.grader ?? 'a language model'}`}</span> : null}
      </p>
      <Answer text={text === '' ? '(nothing)' : text} long />
    </div>
  );
}
