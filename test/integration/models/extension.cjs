// Language models of the editor that answer without one: `judge` is there for everybody, `guarded` only with the user's
// consent (as GitHub Copilot's are), `broken` fails. Everything they are asked is in `asked`, for the tests to read.
const vscode = require('vscode');

/** @typedef {{model: string, text: string, pictures: {type: string, bytes: number}[]}} Asked */

const MODELS = [
  { id: 'judge', name: 'Stand-in Judge', pictures: true },
  { id: 'blind', name: 'Stand-in Without Eyes', pictures: false },
  { id: 'guarded', name: 'Stand-in Guarded', pictures: true, consent: true },
  { id: 'broken', name: 'Stand-in Broken', pictures: true },
  { id: 'slow', name: 'Stand-in Slow', pictures: true },
];

exports.activate = (/** @type {import('vscode').ExtensionContext} */ context) => {
  /** @type {Asked[]} */
  const asked = [];
  const state = { asked, verdict: 'CORRECT', cancelled: 0 };
  context.subscriptions.push(
    vscode.lm.registerLanguageModelChatProvider('stand-in', {
      provideLanguageModelChatInformation: async () =>
        MODELS.map(({ id, name, pictures, consent }) => ({
          id,
          name,
          family: 'stand-in',
          version: '1',
          maxInputTokens: 100_000,
          maxOutputTokens: 1000,
          isUserSelectable: true,
          capabilities: { imageInput: pictures },
          ...(consent ? { requiresAuthorization: { label: 'Stand-in Account' } } : {}),
        })),
      async provideLanguageModelChatResponse(model, messages, _options, progress, token) {
        const parts = messages.flatMap(({ content }) => content);
        const pictures = parts
          .filter((part) => part instanceof vscode.LanguageModelDataPart)
          .map(({ mimeType, data }) => ({ type: mimeType, bytes: data.length }));
        asked.push({
          model: model.id,
          text: parts
            .filter((part) => part instanceof vscode.LanguageModelTextPart)
            .map(({ value }) => value)
            .join(''),
          pictures,
        });
        if (model.id === 'broken') throw new Error('The quota is used up.');
        if (model.id === 'slow') {
          await new Promise((resolve) => token.onCancellationRequested(resolve));
          state.cancelled++;
          throw new vscode.CancellationError();
        }
        // In two parts, as answers come.
        const answer = pictures.length > 0 ? 'A picture of a stand-in.' : state.verdict;
        for (const part of [answer.slice(0, 4), answer.slice(4)])
          progress.report(new vscode.LanguageModelTextPart(part));
      },
      provideTokenCount: async () => 1,
    }),
  );
  return state;
};
