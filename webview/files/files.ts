/** Config, tokenizer and generation files that differ between stages; each opens VS Code's own diff editor. */
import type { FileDifference } from '../../src/protocol/engineApi.js';
import type { PanelContext } from '../context.js';
import { h } from '../dom.js';
import { plural } from '../format.js';
import { button } from '../kit.js';
import { folding } from '../overview/overview.js';
import type { Model } from '../state/model.js';

const KEYS_SHOWN = 6;

export function fileDifferences(context: PanelContext, model: Model): HTMLElement {
  const { files } = model.result;
  const content =
    files.length === 0
      ? [h('p', { class: 'note' }, 'Config, tokenizer and generation files are the same in all stages.')]
      : model.deltas.flatMap((name) => {
          const own = files.filter((file) => file.from === name.index);
          if (own.length === 0) return [];
          return [
            model.deltas.length > 1 ? h('h4', {}, `${name.from} → ${name.to}`) : null,
            h('ul', { class: 'files' }, ...own.map((file) => row(context, file))),
          ];
        });
  return folding(
    context,
    {
      id: 'files',
      open: files.length > 0,
      title: [
        files.length === 0
          ? 'No other files differ'
          : `${plural(files.length, 'file')} ${files.length === 1 ? 'differs' : 'differ'}`,
      ],
    },
    ...content,
  );
}

function row(context: PanelContext, file: FileDifference): HTMLElement {
  const more = file.keys.length - KEYS_SHOWN;
  return h(
    'li',
    { 'data-file': file.file, 'data-from': file.from },
    h(
      'span',
      { class: `file-kind file-${file.kind}`, title: file.kind },
      { changed: 'M', added: 'A', removed: 'D' }[file.kind],
    ),
    h('span', { class: 'file-name' }, file.file, h('span', { class: 'visually-hidden' }, `, ${file.kind}`)),
    h(
      'span',
      { class: 'file-keys' },
      ...file.keys.slice(0, KEYS_SHOWN).map((key) => h('code', {}, key)),
      more > 0 ? h('span', { class: 'muted', title: file.keys.slice(KEYS_SHOWN).join('\n') }, `+${more} more`) : null,
    ),
    button({
      label: file.kind === 'changed' ? 'Open Diff' : 'Open',
      title: `${file.kind === 'changed' ? 'Open the diff of' : 'Open'} ${file.file}`,
      testId: 'open-diff',
      onClick: () => void context.ask(context.host.openFileDiff({ file: file.file, from: file.from })),
    }),
  );
}
