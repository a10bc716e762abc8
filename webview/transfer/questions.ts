/** The questions behind a cell: a list on the left, one question in full on the right, answers side by side. */
import type { AbilityName, EvaluatedQuestion, Setting } from '../../src/protocol/engineApi.js';
import type { PanelContext } from '../context.js';
import { h, replace } from '../dom.js';
import { button, segmented } from '../kit.js';
import { finalAnswer } from '../probe/model.js';
import type { Pictures } from '../probe/pictures.js';
import type { Store } from '../state/store.js';
import { ABILITY_NAMES, questionsBehind, SETTING_NAMES, SETTINGS_OF, type Behind, type Outcome, type TransferModel } from './model.js';
import type { TransferView } from './view.js';

export interface QuestionsPane {
  element: HTMLElement;
  show(model: TransferModel, against: number | null, view: TransferView): void;
}

const MOST_LISTED = 400;
const OUTCOME_WORDS: Record<Outcome, string> = { won: 'won', lost: 'lost', both: 'both', neither: 'neither' };
const OUTCOME_SIGNS: Record<Outcome, string> = { won: '▲', lost: '▼', both: '=', neither: '·' };

export function createQuestionsPane(context: PanelContext, store: Store<TransferView>, pictures: Pictures): QuestionsPane {
  const heading = h('h2', { 'data-testid': 'questions-title' });
  const count = h('span', { class: 'muted', 'data-testid': 'questions-count' });
  const which = segmented<TransferView['which']>({
    label: 'Questions',
    labelHidden: true,
    testId: 'questions-which',
    choices: [{ value: 'flipped', label: 'Flipped' }, { value: 'hit', label: 'Counted' }, { value: 'missed', label: 'Not counted' }, { value: 'all', label: 'All' }],
    value: store.get().which,
    onChange: (value) => store.set({ which: value }),
  });
  const leave = () => store.set({ checkpoint: null, ability: null, question: null });
  const close = button({ kind: 'icon', icon: 'close', label: 'Close the questions', testId: 'questions-close', onClick: leave });
  const list = h('div', { class: 'sample-list', role: 'listbox', tabindex: 0, 'aria-label': 'Questions behind the cell', 'data-testid': 'questions' });
  const detail = h('div', { class: 'sample-detail', 'data-testid': 'question' });
  const element = h('section', { class: 'block behind', 'aria-label': 'Questions behind the cell', hidden: true, 'data-testid': 'behind' }, h('div', { class: 'behind-head' }, heading, count, which.element, close), h('div', { class: 'behind-body' }, list, detail));
  let ids: string[] = [];
  let drawn = '';

  const select = (id: string) => {
    store.set({ question: id });
    list.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  };
  list.addEventListener('keydown', (event) => {
    const at = ids.indexOf(store.get().question ?? '');
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: ids.length - 1, PageDown: at + 8, PageUp: at - 8 }[event.key];
    if (to === undefined || ids.length === 0) return;
    event.preventDefault();
    select(ids[Math.max(0, Math.min(ids.length - 1, to))]!);
  });
  element.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    leave();
  });

  function showList(model: TransferModel, checkpoint: number, ability: AbilityName, against: number | null, view: TransferView): void {
    const all = questionsBehind(model, checkpoint, against, ability);
    const compared = against !== null && against !== checkpoint;
    const wanted = view.which === 'flipped' && !compared ? 'all' : view.which;
    const shown = all.filter(({ hit, outcome }) => wanted === 'all' || (wanted === 'hit' ? hit : wanted === 'missed' ? !hit : outcome === 'won' || outcome === 'lost'));
    ids = shown.slice(0, MOST_LISTED).map(({ question }) => question.id);
    const setting = SETTINGS_OF[ability][0]!;
    replace(
      list,
      ...shown.slice(0, MOST_LISTED).map((one) => row(one, setting, checkpoint)),
      shown.length === 0 ? h('p', { class: 'muted empty-list' }, wanted === 'flipped' ? 'No question came out differently.' : 'No such question.') : null,
      shown.length > MOST_LISTED ? h('p', { class: 'muted empty-list' }, `The first ${MOST_LISTED} of ${shown.length}; the CSV export has all.`) : null,
    );
    list.scrollTop = 0;
    heading.textContent = `${model.rows[checkpoint]!.label} · ${ABILITY_NAMES[ability]}`;
    const [won, lost] = [all.filter(({ outcome }) => outcome === 'won').length, all.filter(({ outcome }) => outcome === 'lost').length];
    count.textContent = `${all.filter(({ hit }) => hit).length} of ${all.length}${compared ? ` · against ${model.rows[against]!.label}: ${won} won, ${lost} lost` : ''}`;
    which.set(wanted);
  }

  function row({ question, hit, outcome }: Behind, setting: Setting, checkpoint: number): HTMLElement {
    return h(
      'div',
      { class: 'sample-row', role: 'option', id: `question-${question.id}`, 'aria-selected': String(question.id === store.get().question), 'data-sample': question.id, on: { click: () => select(question.id) } },
      h('span', { class: `outcome ${outcome ?? (hit ? 'both' : 'neither')}`, title: outcome === null ? (hit ? 'counts' : 'does not count') : OUTCOME_WORDS[outcome] }, outcome === null ? (hit ? '✓' : '·') : OUTCOME_SIGNS[outcome]),
      h('span', { class: 'sample-text' }, h('span', { class: 'sample-prompt' }, question.prompt), h('span', { class: 'sample-answers' }, h('b', {}, quoted(question.answers[setting]?.[checkpoint] ?? '')), h('span', { class: 'muted' }, ` truth ${quoted(question.truth)}`))),
    );
  }

  function showDetail(model: TransferModel, checkpoint: number, ability: AbilityName, against: number | null, view: TransferView): void {
    const question = model.result.questions.find(({ id }) => id === view.question);
    if (question === undefined) {
      replace(detail, h('p', { class: 'muted' }, 'Choose a question to see its picture, the truth, and the answers side by side.'));
      return;
    }
    const columns = against === null || against === checkpoint ? [checkpoint] : [against, checkpoint];
    const settings = SETTINGS_OF[ability].filter((setting) => question.answers[setting] !== undefined);
    replace(
      detail,
      h('div', { class: 'sample-head' }, h('code', {}, question.id), h('p', { class: 'sample-question' }, question.prompt)),
      question.image === null
        ? null
        : h('div', { class: 'picture-pair' }, h('figure', {}, pictures.frame(`0/${question.id}/image`, 'Picture of the question', () => context.host.picture({ result: 0, sample: question.id, which: 'image' })), question.description === null ? null : h('figcaption', { class: 'muted' }, question.description))),
      h('dl', { class: 'sample-facts' }, h('dt', {}, 'Truth'), h('dd', {}, h('q', { class: 'answer' }, question.truth))),
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
                h('p', {}, h('strong', {}, model.rows[index]!.label), h('span', { class: right ? 'verdict right' : 'verdict wrong' }, right ? ' ✓ right' : ' ✗ wrong'), judged ? h('span', { class: 'muted' }, ` by ${model.result.grader ?? 'a language model'}`) : null),
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
      const there = checkpoint !== null && ability !== null && model.rows[checkpoint] !== undefined && model.abilities.includes(ability);
      element.hidden = !there;
      if (!there) {
        drawn = '';
        return;
      }
      const key = [model.result.provenance.runId, checkpoint, ability, against, view.which].join();
      if (key !== drawn) showList(model, checkpoint, ability, against, view);
      drawn = key;
      for (const one of list.querySelectorAll<HTMLElement>('.sample-row')) one.setAttribute('aria-selected', String(one.dataset['sample'] === view.question));
      if (view.question === null) list.removeAttribute('aria-activedescendant');
      else list.setAttribute('aria-activedescendant', `question-${view.question}`);
      showDetail(model, checkpoint, ability, against, view);
    },
  };
}

function answerText({ answers }: EvaluatedQuestion, setting: Setting, index: number): string {
  const text = answers[setting]![index]!.trim();
  return text === '' ? '(nothing)' : text;
}

function quoted(text: string): string {
  const flat = finalAnswer(text).replace(/\s+/g, ' ');
  return flat === '' ? '(nothing)' : flat.length > 60 ? `${flat.slice(0, 59)}…` : flat;
}
