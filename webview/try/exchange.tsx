/** One prompt and its answers. */
import type { ComponentChildren } from 'preact';
import type { TrialAnswer, TrialExchange } from '../../src/protocol/hostApi.js';
import { plural } from '../format.js';
import { Button } from '../kit.js';

export function isUnderWay({ answers }: TrialExchange): boolean {
  return answers.some(({ state }) => state === 'waiting' || state === 'running');
}

export function Exchange({
  labels,
  exchange: { id, image, prompt, answers },
  thumbnail,
  onAgain,
}: {
  labels: readonly string[];
  exchange: TrialExchange;
  thumbnail: (image: { id: number; name: string }) => ComponentChildren;
  onAgain: () => void;
}) {
  return (
    <li class="exchange card" data-exchange={id}>
      <div class="question">
        {image === null ? null : thumbnail(image)}
        <p class="question-text">{prompt}</p>
        <Button label="Edit and ask again" testId={`try-again-${id}`} onClick={onAgain} />
      </div>
      <div class={`answers${answers.length > 1 ? ' two' : ''}`}>
        {answers.map((answer, at) => (
          <div
            key={at}
            class={`answer-card ${answer.state}`}
            data-testid={`answer-${id}-${at}`}
            data-state={answer.state}
          >
            <h3>{labels[at] ?? ''}</h3>
            <p class="answer-text" data-testid={`answer-text-${id}-${at}`}>
              {answer.text}
            </p>
            <div class="answer-status muted">
              {STATUS[answer.state](answer)}
              {answer.notices.map((text) => (
                <p key={text}>{text}</p>
              ))}
            </div>
          </div>
        ))}
      </div>
    </li>
  );
}

const STATUS: Record<TrialAnswer['state'], (answer: TrialAnswer) => ComponentChildren> = {
  waiting: ({ message }) => message ?? 'Waiting…',
  running: () => (
    <>
      <span class="spinner" aria-hidden="true" />
      Answering…
    </>
  ),
  cancelled: () => 'Cancelled.',
  failed: ({ message }) => (
    <span class="failed-text" role="alert">
      {message ?? ''}
    </span>
  ),
  done: ({ tokens, seconds }) =>
    [tokens === null ? null : plural(tokens, 'token'), seconds === null ? null : `${seconds.toFixed(1)} s`]
      .filter((part) => part !== null)
      .join(', '),
};
