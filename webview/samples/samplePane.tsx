/** The one sample inspector: a list of samples or questions on the left, one of them in full on the right. */
import type { ComponentChildren, RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Button } from '../kit.js';

/** A list is for looking; the export has them all. */
const MOST_LISTED = 400;

export interface Listed {
  id: string;
  /** What its row shows; asked for when it is listed. */
  row: () => ComponentChildren;
}

export interface SamplePaneProps {
  /** Refers to the whole pane while it is there. */
  frame: RefObject<HTMLElement | null>;
  noun: 'sample' | 'question';
  /** Begins the test ids of what is in the head. */
  testId: string;
  label: string;
  heading: string;
  count: string;
  /** Which of them are listed. */
  filter: ComponentChildren;
  items: readonly Listed[];
  /** Stands where there is nothing to list. */
  empty: string;
  selected: string | null;
  /** The list begins at its top again when this changes. */
  listKey?: string;
  onSelect: (id: string) => void;
  onLeave: () => void;
  /** The selected one in full. */
  children: ComponentChildren;
}

/** Samples behind a place in a figure. */
export function SamplePane(props: SamplePaneProps) {
  const { noun, testId, label } = props;
  const leave = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    props.onLeave();
  };
  return (
    <section ref={props.frame} class="block behind" aria-label={label} data-testid="behind" onKeyDown={leave}>
      <div class="behind-head">
        <h2 data-testid={`${testId}-title`}>{props.heading}</h2>
        <span class="muted" data-testid={`${testId}-count`}>
          {props.count}
        </span>
        {props.filter}
        <Button
          kind="icon"
          icon="close"
          label={`Close the ${noun}s`}
          testId={`${testId}-close`}
          onClick={props.onLeave}
        />
      </div>
      <div class="behind-body">
        <SampleList {...props} testId={`${noun}s`} />
        <div class="sample-detail" data-testid={noun}>
          {props.children}
        </div>
      </div>
    </section>
  );
}

type SampleListProps = Pick<
  SamplePaneProps,
  'noun' | 'testId' | 'label' | 'items' | 'empty' | 'selected' | 'listKey' | 'onSelect'
>;

/** One tab stop; arrows select. */
export function SampleList({ noun, testId, label, items, empty, selected, listKey, onSelect }: SampleListProps) {
  const list = useRef<HTMLDivElement>(null);
  const listed = items.slice(0, MOST_LISTED);
  useLayoutEffect(() => {
    if (listKey !== undefined) list.current!.scrollTop = 0;
  }, [listKey]);
  const select = (id: string) => {
    onSelect(id);
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  };
  const walk = (event: KeyboardEvent) => {
    const at = listed.findIndex(({ id }) => id === selected);
    const last = listed.length - 1;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: last, PageDown: at + 8, PageUp: at - 8 }[event.key];
    if (to === undefined || listed.length === 0) return;
    event.preventDefault();
    select(listed[Math.max(0, Math.min(last, to))]!.id);
  };
  return (
    <div
      ref={list}
      class="sample-list"
      role="listbox"
      tabIndex={0}
      aria-label={label}
      aria-activedescendant={selected === null ? undefined : `${noun}-${selected}`}
      data-testid={testId}
      onKeyDown={walk}
    >
      {listed.map(({ id, row }) => (
        <div
          key={id}
          class="sample-row"
          role="option"
          id={`${noun}-${id}`}
          aria-selected={id === selected}
          data-sample={id}
          onClick={() => select(id)}
        >
          {row()}
        </div>
      ))}
      {items.length === 0 ? <p class="muted empty-list">{empty}</p> : null}
      {items.length > MOST_LISTED ? (
        <p class="muted empty-list">{`The first ${MOST_LISTED} of ${items.length}; the CSV export has all.`}</p>
      ) : null}
    </div>
  );
}

/** A sample's name and what was asked. */
export function SampleHead({ id, prompt }: { id: string; prompt: string }) {
  return (
    <div class="sample-head">
      <code>{id}</code>
      <p class="sample-question">{prompt}</p>
    </div>
  );
}

export function Facts({ facts }: { facts: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="sample-facts">
      {facts.map(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name}:`}>{value}</dd>])}
    </dl>
  );
}

/** What a checkpoint answered. */
export function Answer({ text, long = false }: { text: string; long?: boolean }) {
  return <q class={long ? 'answer long' : 'answer'}>{text}</q>;
}
