/** Completion and hovers in recipes; the engine knows the language, this puts it into the editor's terms. */
import * as vscode from 'vscode';
import type { EngineApi, RecipeCompletion } from '../protocol/engineApi.js';
import type { Discovery } from '../services/discovery.js';
import { escapeMarkdown } from '../services/markdown.js';
import { rangeOf } from './feedback.js';

const KINDS: Record<RecipeCompletion['kind'], vscode.CompletionItemKind> = {
  key: vscode.CompletionItemKind.Property,
  method: vscode.CompletionItemKind.Function,
  checkpoint: vscode.CompletionItemKind.File,
  word: vscode.CompletionItemKind.EnumMember,
  filter: vscode.CompletionItemKind.Field,
  layers: vscode.CompletionItemKind.Value,
};

export class Completions implements vscode.CompletionItemProvider {
  constructor(
    private readonly engine: Pick<EngineApi, 'completeRecipe'>,
    private readonly discovery: Discovery,
  ) {}

  async provideCompletionItems(
    document: vscode.TextDocument,
    position: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.CompletionItem[]> {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    const checkpoints = (await this.discovery.list().catch(() => [])).map(({ path, label }) => ({ path, label }));
    const found = await this.engine.completeRecipe(
      { file: document.uri.fsPath, text: document.getText(), offset: document.offsetAt(position), checkpoints },
      { signal: abort.signal },
    );
    return found.map((completion, index) => {
      const item = new vscode.CompletionItem(
        { label: completion.label, ...(completion.detail !== undefined && { description: completion.detail }) },
        KINDS[completion.kind],
      );
      item.insertText = new vscode.SnippetString(completion.insert);
      item.range = rangeOf(document, completion.replace);
      item.filterText = completion.label;
      // In the order in which the language lists them.
      item.sortText = String(index).padStart(4, '0');
      if (completion.doc !== undefined) item.documentation = plain(completion.doc);
      // A key is followed by what it takes.
      if (completion.kind === 'key') item.command = { title: 'Suggest', command: 'editor.action.triggerSuggest' };
      return item;
    });
  }
}

export class Explanations implements vscode.HoverProvider {
  constructor(private readonly engine: Pick<EngineApi, 'hoverRecipe'>) {}

  async provideHover(document: vscode.TextDocument, position: vscode.Position): Promise<vscode.Hover | undefined> {
    const found = await this.engine.hoverRecipe({
      file: document.uri.fsPath,
      text: document.getText(),
      offset: document.offsetAt(position),
    });
    if (found === null) return undefined;
    const text = new vscode.MarkdownString();
    text.appendMarkdown(
      `**${escapeMarkdown(found.title)}**\n\n${found.paragraphs.map(escapeMarkdown).join('\n\n')}\n\n`,
    );
    if (found.formula !== undefined) text.appendCodeblock(found.formula, 'plaintext');
    if (found.paper !== undefined) text.appendMarkdown(`[${escapeMarkdown(found.paper.title)}](${found.paper.url})`);
    return new vscode.Hover(text, rangeOf(document, found));
  }
}

/**
 * Text of the language's table, never read as Markdown. `appendText` would make its spaces such that no line breaks at
 * them.
 */
function plain(text: string): vscode.MarkdownString {
  return new vscode.MarkdownString(text.split(/\n+/).map(escapeMarkdown).join('\n\n'));
}
