/** Try a checkpoint: a prompt, perhaps an image, and the answers as they come; two checkpoints beside each other. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Trial } from '../../src/protocol/hostApi.js';
import { usePanel } from '../context.js';
import type { TryHost } from '../host.js';
import { Button, Field, NumberField } from '../kit.js';
import { ImageSource, useImages } from '../samples/images.js';
import { Exchange, isUnderWay } from './exchange.js';

const SEND_KEYS = navigator.platform.startsWith('Mac') ? '⌘Enter' : 'Ctrl+Enter';
const TOKENS = { usual: 128, least: 1, most: 8192 };

type Image = { id: number; name: string } | null;

export function Try({ title, trial, host }: { title: string; trial: Trial; host: TryHost }) {
  const { ask } = usePanel();
  const images = useImages();
  const [prompt, setPrompt] = useState('');
  const [image, setImage] = useState<Image>(null);
  const [tokens, setTokens] = useState(TOKENS.usual);
  const box = useRef<HTMLTextAreaElement>(null);
  const busy = trial.exchanges.some(isUnderWay);
  useAnswersAnnounced(trial);

  // The question is asked: the box is free for the next one.
  const asked = useRef(trial.exchanges.length);
  useLayoutEffect(() => {
    if (trial.exchanges.length > asked.current && prompt.trim() === trial.exchanges.at(-1)?.prompt) setPrompt('');
    asked.current = trial.exchanges.length;
  });
  const send = () => {
    const text = prompt.trim();
    if (text !== '' && !busy) void ask(host.ask({ prompt: text, image: image?.id ?? null, maxNewTokens: tokens }));
  };
  const choose = async () => {
    const chosen = await ask(host.chooseImage());
    if (chosen === null || chosen === undefined) return;
    setImage(chosen);
    box.current?.focus();
  };
  const thumbnail = (its: { id: number; name: string }) => (
    <ImageSource
      images={images}
      id={String(its.id)}
      alt={its.name}
      title={its.name}
      load={() => host.chosenImage({ id: its.id })}
    />
  );
  return (
    <div class="try" data-testid="try">
      <h1>{trial.labels.length > 1 ? `Compare answers · ${trial.labels.join(', ')}` : title}</h1>
      <section class="card try-form" aria-label="Prompt">
        <div class="try-input">
          <div class="try-image" hidden={image === null} data-testid="try-image">
            {image === null ? null : thumbnail(image)}
            {image === null ? null : (
              <Button
                kind="icon"
                icon="close"
                label="Ask without the image"
                testId="try-remove"
                onClick={() => setImage(null)}
              />
            )}
          </div>
          <textarea
            ref={box}
            class="prompt"
            rows={3}
            placeholder="For example: How many red objects are there?"
            aria-label="Prompt"
            data-testid="try-prompt"
            value={prompt}
            onInput={({ currentTarget }) => setPrompt(currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
              event.preventDefault();
              send();
            }}
          />
        </div>
        <AskBar
          {...{ tokens, busy, setTokens, send }}
          empty={prompt.trim() === ''}
          choose={() => void choose()}
          cancel={() => void ask(host.cancel())}
        />
      </section>
      <ol class="exchanges" aria-label="Answers, the newest first" data-testid="try-history">
        {trial.exchanges.toReversed().map((one) => (
          <Exchange
            key={one.id}
            labels={trial.labels}
            exchange={one}
            thumbnail={thumbnail}
            onAgain={() => {
              setPrompt(one.prompt);
              setImage(one.image);
              box.current?.focus();
            }}
          />
        ))}
      </ol>
    </div>
  );
}

interface AskBarProps {
  /** Longest answer. */
  tokens: number;
  setTokens: (tokens: number) => void;
  busy: boolean;
  /** There is nothing to ask yet. */
  empty: boolean;
  choose: () => void;
  cancel: () => void;
  send: () => void;
}

function AskBar({ tokens, setTokens, busy, empty, choose, cancel, send }: AskBarProps) {
  return (
    <div class="toolbar">
      <Button label="Choose image…" testId="try-choose" onClick={choose} />
      <span class="try-length">
        <Field label="Max new tokens">
          <NumberField
            label="Max new tokens"
            testId="try-tokens"
            value={tokens}
            min={TOKENS.least}
            max={TOKENS.most}
            onChange={(value) => setTokens(Math.max(TOKENS.least, Math.min(TOKENS.most, value)))}
          />
        </Field>
        <span class="muted">greedy decoding</span>
      </span>
      <span class="spring" />
      <kbd class="muted" data-testid="try-keys">
        {SEND_KEYS}
      </kbd>
      <Button label="Cancel" testId="try-cancel" hidden={!busy} onClick={cancel} />
      <Button
        label="Ask"
        kind="primary"
        testId="try-ask"
        title={`Ask (${SEND_KEYS})`}
        disabled={busy || empty}
        onClick={send}
      />
    </div>
  );
}

/** Says the last answers once all of them have ended. */
function useAnswersAnnounced({ labels, exchanges }: Trial): void {
  const { announce } = usePanel();
  const last = exchanges.at(-1);
  const words =
    last === undefined || isUnderWay(last)
      ? ''
      : last.answers.map((answer, at) => `${labels[at] ?? ''}: ${answer.message ?? answer.text}`).join('. ');
  const announced = useRef<string | null>(null);
  useLayoutEffect(() => {
    if (announced.current !== null && words !== '' && words !== announced.current) announce(words);
    announced.current = words;
  }, [words]);
}
