// Language models of the editor that answer without one: `judge` is there for everybody, `guarded` only with the user's
// consent (as GitHub Copilot's are), `broken` fails. Everything they are asked is in `asked`, for the tests to read.
const vscode = require('vscode');

/** @typedef {{model: string, text: string, images: {type: string, bytes: number}[]}} Asked */

const MODELS = [
  { id: 'judge', name: 'Stand-in Judge', images: true },
  { id: 'blind', name: 'Stand-in Without Eyes', images: false },
  { id: 'guarded', name: 'Stand-in Guarded', images: true, consent: true },
  { id: 'broken', name: 'Stand-in Broken', images: true },
  { id: 'slow', name: 'Stand-in Slow', images: true },
];

exports.activate = (/** @type {import('vscode').ExtensionContext} */ context) => {
  /** @type {Asked[]} */
  const asked = [];
  const state = { asked, verdict: 'CORRECT', cancelled: 0 };
  context.subscriptions.push(
    vscode.lm.registerLanguageModelChatProvider('stand-in', {
      provideLanguageModelChatInformation: async () =>
        MODELS.map(({ id, name, images, consent }) => ({
          id,
          name,
          family: 'stand-in',
          version: '1',
          maxInputTokens: 100_000,
          maxOutputTokens: 1000,
          isUserSelectable: true,
          capabilities: { imageInput: images },
          ...(consent ? { requiresAuthorization: { label: 'Stand-in Account' } } : {}),
        })),
      async provideLanguageModelChatResponse(model, messages, _options, progress, token) {
        const parts = messages.flatMap(({ content }) => content);
        const images = parts
          .filter((part) => part instanceof vscode.LanguageModelDataPart)
          .map(({ mimeType, data }) => ({ type: mimeType, bytes: data.length }));
        asked.push({
          model: model.id,
          text: parts
            .filter((part) => part instanceof vscode.LanguageModelTextPart)
            .map(({ value }) => value)
            .join(''),
          images,
        });
        if (model.id === 'broken') throw new Error('The quota is used up.');
        if (model.id === 'slow') {
          await new Promise((resolve) => token.onCancellationRequested(resolve));
          state.cancelled++;
          throw new vscode.CancellationError();
        }
        // In two parts, as answers come.
        const answer = images.length > 0 ? 'An image of a stand-in.' : state.verdict;
        for (const part of [answer.slice(0, 4), answer.slice(4)])
          progress.report(new vscode.LanguageModelTextPart(part));
      },
      provideTokenCount: async () => 1,
    }),
  );
  return state;
};
