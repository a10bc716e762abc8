/** The questions behind a cell: a list on the left, one question in full on the right, answers side by side. */
import type { AbilityName, EvaluatedQuestion, Setting } from '../../src/protocol/engineApi.js';
import type { PanelContext } from '../context.js';
import { h, replace } from '../dom.js';
import { segmented } from '../kit.js';
import { quoted } from '../probe/model.js';
import type { Pictures } from '../probe/pictures.js';
import { createSamplePane } from '../samplePane.js';
import type { Store } from '../state/store.js';
import {
  ABILITY_NAMES,
  questionsBehind,
  SETTING_NAMES,
  SETTINGS_OF,
  type Behind,
  type Outcome,
  type TransferModel,
} from './model.js';
import type { TransferView } from './view.js';

export interface QuestionsPane {
  element: HTMLElement;
  show(model: TransferModel, against: number | null, view: TransferView): void;
}

const OUTCOME_WORDS: Record<Outcome, string> = { won: 'won', lost: 'lost', both: 'both', neither: 'neither' };
const OUTCOME_SIGNS: Record<Outcome, string> = { won: '▲', lost: '▼', both: '=', neither: '·' };

export function createQuestionsPane(
  context: PanelContext,
  store: Store<TransferView>,
  pictures: Pictures,
): QuestionsPane {
  const which = segmented<TransferView['which']>({
    label: 'Questions',
    labelHidden: true,
    testId: 'questions-which',
    choices: [
      { value: 'flipped', label: 'Flipped' },
      { value: 'hit', label: 'Counted' },
      { value: 'missed', label: 'Not counted' },
      { value: 'all', label: 'All' },
    ],
    value: store.get().which,
    onChange: (value) => store.set({ which: value }),
  });
  const { element, list, detail, ...pane } = createSamplePane({
    noun: 'question',
    testId: 'questions',
    label: 'Questions behind the cell',
    filter: which.element,
    selected: () => store.get().question,
    onSelect: (id) => store.set({ question: id }),
    onLeave: () => store.set({ checkpoint: null, ability: null, question: null }),
  });
  let drawn = '';

  function showList(
    model: TransferModel,
    checkpoint: number,
    ability: AbilityName,
    against: number | null,
    view: TransferView,
  ): void {
    const all = questionsBehind(model, checkpoint, against, ability);
    const compared = against !== null && against !== checkpoint;
    const wanted = view.which === 'flipped' && !compared ? 'all' : view.which;
    const shown = all.filter(
      ({ hit, outcome }) =>
        wanted === 'all' ||
        (wanted === 'hit' ? hit : wanted === 'missed' ? !hit : outcome === 'won' || outcome === 'lost'),
    );
    const setting = SETTINGS_OF[ability][0]!;
    pane.fill(
      shown,
      ({ question }) => question.id,
      (one) => row(one, setting, checkpoint),
      wanted === 'flipped' ? 'No question flipped.' : 'No questions match.',
    );
    list.scrollTop = 0;
    const [won, lost] = [
      all.filter(({ outcome }) => outcome === 'won').length,
      all.filter(({ outcome }) => outcome === 'lost').length,
    ];
    pane.title(
      `${model.rows[checkpoint]!.label} · ${ABILITY_NAMES[ability]}`,
      `${all.filter(({ hit }) => hit).length} of ${all.length}${compared ? ` · against ${model.rows[against]!.label}: ${won} won, ${lost} lost` : ''}`,
    );
    which.set(wanted);
  }

  function showDetail(
    model: TransferModel,
    checkpoint: number,
    ability: AbilityName,
    against: number | null,
    view: TransferView,
  ): void {
    const question = model.result.questions.find(({ id }) => id === view.question);
    if (question === undefined) {
      replace(
        detail,
        h(
          'p',
          { class: 'muted' },
          'Choose a question to see its image, the ground truth, and the answers side by side.',
        ),
      );
      return;
    }
    const columns = against === null || against === checkpoint ? [checkpoint] : [against, checkpoint];
    const settings = SETTINGS_OF[ability].filter((setting) => question.answers[setting] !== undefined);
    replace(
      detail,
      h(
        'div',
        { class: 'sample-head' },
        h('code', {}, question.id),
        h('p', { class: 'sample-question' }, question.prompt),
      ),
      question.image === null
        ? null
        : h(
            'div',
            { class: 'picture-pair' },
            ...(question.images ?? [question.image]).map((_, index, { length }) =>
              h(
                'figure',
                {},
                pictures.frame(
                  `0/${question.id}/image/${index}`,
                  length === 1 ? 'Image of the question' : `Image ${index + 1} of ${length}`,
                  () => context.host.picture({ result: 0, sample: question.id, which: 'image', index }),
                ),
                question.description === null || index < length - 1
                  ? null
                  : h('figcaption', { class: 'muted' }, question.description),
              ),
            ),
          ),
      h(
        'dl',
        { class: 'sample-facts' },
        h('dt', {}, 'Ground truth'),
        h('dd', {}, h('q', { class: 'answer' }, question.truth)),
      ),
      ...settings.map((setting) =>
        h(
          'section',
          { class: 'setting' },
          h('h3', {}, SETTING_NAMES[setting]),
          h(
            'div',
            { class: 'side-by-side' },
            ...columns.map((index) => {
              const right = question.right[setting]![index]!;
              const judged = question.regraded?.includes(`${setting}/${index}`) === true;
              return h(
                'div',
                {},
                h(
                  'p',
                  {},
                  h('strong', {}, model.rows[index]!.label),
                  h(
                    'span',
                    { class: right ? 'verdict right' : 'verdict wrong' },
                    right ? ' ✓ correct' : ' ✗ incorrect',
                  ),
                  judged ? h('span', { class: 'muted' }, ` by ${model.result.grader ?? 'a language model'}`) : null,
                ),
                h('q', { class: 'answer long' }, answerText(question, setting, index)),
              );
            }),
          ),
        ),
      ),
    );
  }

  return {
    element,
    show(model, against, view) {
      const { checkpoint, ability } = view;
      const there =
        checkpoint !== null &&
        ability !== null &&
        model.rows[checkpoint] !== undefined &&
        model.abilities.includes(ability);
      element.hidden = !there;
      if (!there) {
        drawn = '';
        return;
      }
      const key = [model.result.provenance.runId, checkpoint, ability, against, view.which].join();
      if (key !== drawn) showList(model, checkpoint, ability, against, view);
      drawn = key;
      pane.mark(view.question);
      showDetail(model, checkpoint, ability, against, view);
    },
  };
}

function row({ question, hit, outcome }: Behind, setting: Setting, checkpoint: number): HTMLElement[] {
  return [
    h(
      'span',
      {
        class: `outcome ${outcome ?? (hit ? 'both' : 'neither')}`,
        title: outcome === null ? (hit ? 'counts' : 'does not count') : OUTCOME_WORDS[outcome],
      },
      outcome === null ? (hit ? '✓' : '·') : OUTCOME_SIGNS[outcome],
    ),
    h(
      'span',
      { class: 'sample-text' },
      h('span', { class: 'sample-prompt' }, question.prompt),
      h(
        'span',
        { class: 'sample-answers' },
        h('b', {}, quoted(question.answers[setting]?.[checkpoint] ?? '')),
        h('span', { class: 'muted' }, ` ground truth ${quoted(question.truth)}`),
      ),
    ),
  ];
}

function answerText({ answers }: EvaluatedQuestion, setting: Setting, index: number): string {
  const text = answers[setting]![index]!.trim();
  return text === '' ? '(nothing)' : text;
}
