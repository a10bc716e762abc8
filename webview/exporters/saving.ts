/** What every view's export menu does: save, copy, and say so. */
import type { PanelContext } from '../context.js';
import type { Drawing } from './drawing.js';
import { drawingPng } from './png.js';

export interface Saving {
  /** `what`: the part of the file's name that tells it from others. */
  text: (what: string, ending: string, content: string) => void;
  json: (what: string, content: unknown) => void;
  /** A drawing as pixels. */
  png: (what: string, drawing: Drawing | null) => void;
  svg: (what: string, drawing: Drawing | null) => void;
  /** `said`: what is announced. */
  copy: (content: string, said: string) => void;
}

/** @param stem begins every file's name */
export function savingOf(context: PanelContext, stem: string): Saving {
  const nameOf = (what: string, ending: string) =>
    `${stem.replace(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 80)}-${what}.${ending}`;
  const save = async (name: string, content: string | ArrayBuffer): Promise<void> => {
    if ((await context.ask(context.host.save({ suggestedName: name, content }))) === true)
      context.announce(`Saved ${name}.`);
  };
  return {
    text: (what, ending, content) => void save(nameOf(what, ending), content),
    json: (what, content) => void save(nameOf(what, 'json'), `${JSON.stringify(content, null, 1)}\n`),
    svg: (what, drawing) => void (drawing !== null && save(nameOf(what, 'svg'), drawing.svg)),
    png(what, drawing) {
      if (drawing === null) return;
      void context.ask(drawingPng(drawing)).then((bytes) => bytes && save(nameOf(what, 'png'), bytes));
    },
    copy(content, said) {
      void context.ask(context.host.copy({ text: content })).then(() => context.announce(said));
    },
  };
}
