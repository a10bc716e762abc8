/** Try a checkpoint: a prompt, perhaps an image, and the answers as they come; two checkpoints beside each other. */
import type { Trial, TrialAnswer, TrialExchange } from '../../src/protocol/hostApi.js';
import type { PanelContext } from '../context.js';
import { h, replace, setText, toggle, type Child } from '../dom.js';
import { plural } from '../format.js';
import { button, field, numberField } from '../kit.js';
import { createPictures } from '../probe/pictures.js';

export interface TryView {
  element: HTMLElement;
  show(title: string, trial: Trial): void;
  /** What an answer says so far. */
  answer(request: { exchange: number; checkpoint: number; text: string }): void;
  dispose(): void;
}

const SEND_KEYS = navigator.platform.startsWith('Mac') ? '⌘Enter' : 'Ctrl+Enter';
const TOKENS = { usual: 128, least: 1, most: 8192 };

export function createTryView(context: PanelContext): TryView {
  const pictures = createPictures();
  let trial: Trial | null = null;
  let image: { id: number; name: string } | null = null;
  let tokens = TOKENS.usual;

  const heading = h('h1', {});
  const prompt = h('textarea', {
    class: 'prompt',
    rows: 3,
    placeholder: 'For example: How many red objects are there?',
    'aria-label': 'Prompt',
    'data-testid': 'try-prompt',
  });
  const preview = h('div', { class: 'try-picture', 'data-testid': 'try-picture' });
  const choose = button({
    label: 'Choose image…',
    testId: 'try-choose',
    onClick: () =>
      void context.ask(context.host.choosePicture()).then((chosen) => {
        if (chosen === null || chosen === undefined) return;
        image = chosen;
        showPicture();
        prompt.focus();
      }),
  });
  const length = numberField({
    label: 'Max new tokens',
    testId: 'try-tokens',
    onChange: (value) => {
      tokens = Math.max(TOKENS.least, Math.min(TOKENS.most, value));
      length.set(tokens, TOKENS.least, TOKENS.most);
    },
  });
  length.set(tokens, TOKENS.least, TOKENS.most);
  const send = button({
    label: 'Ask',
    kind: 'primary',
    testId: 'try-ask',
    title: `Ask (${SEND_KEYS})`,
    onClick: () => ask(),
  });
  const cancel = button({
    label: 'Cancel',
    testId: 'try-cancel',
    onClick: () => void context.ask(context.host.cancel()),
  });
  const history = h('ol', {
    class: 'exchanges',
    'aria-label': 'Answers, the newest first',
    'data-testid': 'try-history',
  });
  const element = h(
    'div',
    { class: 'try', 'data-testid': 'try' },
    heading,
    h(
      'section',
      { class: 'card try-form', 'aria-label': 'Prompt' },
      h('div', { class: 'try-input' }, preview, prompt),
      h(
        'div',
        { class: 'toolbar' },
        choose,
        h(
          'span',
          { class: 'try-length' },
          field('Max new tokens', length.element),
          h('span', { class: 'muted' }, 'greedy decoding'),
        ),
        h('span', { class: 'spring' }),
        h('kbd', { class: 'muted', 'data-testid': 'try-keys' }, SEND_KEYS),
        cancel,
        send,
      ),
    ),
    history,
  );
  prompt.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      ask();
    }
  });
  prompt.addEventListener('input', () => showButtons());

  const underWay = () =>
    trial?.exchanges.some((one) => one.answers.some(({ state }) => state === 'waiting' || state === 'running')) ===
    true;

  function ask(): void {
    const text = prompt.value.trim();
    if (text === '' || underWay()) return;
    void context.ask(context.host.ask({ prompt: text, image: image?.id ?? null, maxNewTokens: tokens }));
  }

  function showPicture(): void {
    const now = image;
    preview.hidden = now === null;
    if (now === null) return replace(preview);
    replace(
      preview,
      thumbnail(now),
      button({
        kind: 'icon',
        icon: 'close',
        label: 'Ask without the image',
        testId: 'try-remove',
        onClick: () => {
          image = null;
          showPicture();
        },
      }),
    );
  }

  const thumbnail = (its: { id: number; name: string }) => {
    const frame = pictures.frame(String(its.id), its.name, () => context.host.chosenPicture({ id: its.id }));
    frame.title = its.name;
    return frame;
  };

  function showButtons(): void {
    const busy = underWay();
    cancel.hidden = !busy;
    toggle(send, 'disabled', busy || prompt.value.trim() === '');
  }

  function exchange(one: TrialExchange): HTMLElement {
    const columns = one.answers.map((answer, checkpoint) =>
      h(
        'div',
        {
          class: `answer-card ${answer.state}`,
          'data-testid': `answer-${one.id}-${checkpoint}`,
          'data-state': answer.state,
        },
        h('h3', {}, trial?.labels[checkpoint] ?? ''),
        h('p', { class: 'answer-text', 'data-testid': `answer-text-${one.id}-${checkpoint}` }, answer.text),
        status(answer),
      ),
    );
    const again = button({
      label: 'Edit and ask again',
      testId: `try-again-${one.id}`,
      onClick: () => {
        prompt.value = one.prompt;
        image = one.image;
        showPicture();
        showButtons();
        prompt.focus();
      },
    });
    return h(
      'li',
      { class: 'exchange card', 'data-exchange': one.id },
      h(
        'div',
        { class: 'question' },
        one.image === null ? null : thumbnail(one.image),
        h('p', { class: 'question-text' }, one.prompt),
        again,
      ),
      h('div', { class: `answers${columns.length > 1 ? ' two' : ''}` }, ...columns),
    );
  }

  let announced = '';
  showPicture();
  return {
    element,
    show(title, next) {
      const before = trial;
      trial = next;
      setText(heading, next.labels.length > 1 ? `Compare answers · ${next.labels.join(', ')}` : title);
      const focus = history.contains(document.activeElement)
        ? document.activeElement?.getAttribute('data-testid')
        : null;
      replace(history, ...next.exchanges.toReversed().map(exchange));
      if (focus !== null && focus !== undefined)
        history.querySelector<HTMLElement>(`[data-testid="${focus}"]`)?.focus();
      // The question is asked: the box is free for the next one.
      if (
        before !== null &&
        next.exchanges.length > before.exchanges.length &&
        prompt.value.trim() === next.exchanges.at(-1)?.prompt
      )
        prompt.value = '';
      showButtons();
      const last = next.exchanges.at(-1);
      const ended = last?.answers.every(({ state }) => state !== 'waiting' && state !== 'running') === true;
      const words = ended
        ? last.answers.map((answer, at) => `${next.labels[at] ?? ''}: ${answer.message ?? answer.text}`).join('. ')
        : '';
      if (before !== null && words !== '' && words !== announced) context.announce(words);
      announced = words;
    },
    answer({ exchange: id, checkpoint, text }) {
      const answer = trial?.exchanges.find((one) => one.id === id)?.answers[checkpoint];
      if (answer === undefined) return;
      answer.text = text;
      const node = history.querySelector(`[data-testid="answer-text-${id}-${checkpoint}"]`);
      if (node !== null) setText(node, text);
    },
    dispose: () => pictures.dispose(),
  };
}

function status(answer: TrialAnswer): Child {
  const facts: Child[] = [];
  if (answer.state === 'waiting') facts.push(answer.message ?? 'Waiting…');
  if (answer.state === 'running') facts.push(h('span', { class: 'spinner', 'aria-hidden': 'true' }), 'Answering…');
  if (answer.state === 'cancelled') facts.push('Cancelled.');
  if (answer.state === 'failed') facts.push(h('span', { class: 'failed-text', role: 'alert' }, answer.message ?? ''));
  if (answer.state === 'done')
    facts.push(
      [
        answer.tokens === null ? null : plural(answer.tokens, 'token'),
        answer.seconds === null ? null : `${answer.seconds.toFixed(1)} s`,
      ]
        .filter((part) => part !== null)
        .join(', '),
    );
  return h('div', { class: 'answer-status muted' }, ...facts, ...answer.notices.map((text) => h('p', {}, text)));
}
