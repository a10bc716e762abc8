/**
 * Language models that the user may choose to judge answers or describe pictures: those of the editor, and one endpoint
 * from the settings. Nothing is sent before one is chosen for a run; the endpoint's key lies in the editor's secret store.
 */
import * as vscode from 'vscode';
import type { EngineHost, LanguageModelRequest } from '../protocol/engineApi.js';

const SECRET = 'frankenstein.languageModel.key';

export type LanguageModelChoice = { kind: 'editor'; id: string } | { kind: 'endpoint'; url: string; model: string };

interface Item extends vscode.QuickPickItem {
  choice?: LanguageModelChoice | null;
  configure?: true;
}

/** Null for "none"; undefined when dismissed. */
export async function pickLanguageModel({ secrets }: { secrets: vscode.SecretStorage }, title: string, placeHolder: string, { pictures = false } = {}): Promise<LanguageModelChoice | null | undefined> {
  const configuration = vscode.workspace.getConfiguration('frankenstein.languageModel');
  const [url, model] = [configuration.get<string>('url', '').trim(), configuration.get<string>('model', '').trim()];
  // The editor's models are given text only.
  const own = pictures ? [] : await Promise.resolve(vscode.lm.selectChatModels()).catch(() => []);
  const items: Item[] = [
    { label: '$(circle-slash) None', description: 'nothing is sent anywhere', choice: null },
    ...(url !== '' && model !== '' ? [{ label: `$(globe) ${model}`, description: url, choice: { kind: 'endpoint' as const, url, model } }] : []),
    ...own.map((one): Item => ({ label: `$(sparkle) ${one.name}`, description: `${one.vendor}, through VS Code`, choice: { kind: 'editor', id: one.id } })),
    { label: '$(gear) Endpoint…', description: 'any address that speaks the OpenAI chat completions protocol', configure: true },
  ];
  const picked = await vscode.window.showQuickPick(items, { title, placeHolder });
  if (picked?.configure !== true) return picked?.choice;
  const address = await vscode.window.showInputBox({ title, prompt: 'Address of the endpoint', value: url, placeHolder: 'http://localhost:8000/v1', ignoreFocusOut: true, validateInput: (text) => (/^https?:\/\/\S+$/.test(text.trim()) ? undefined : 'An http or https address.') });
  if (address === undefined) return undefined;
  const name = await vscode.window.showInputBox({ title, prompt: 'Name of the model there', value: model, ignoreFocusOut: true, validateInput: (text) => (text.trim() === '' ? 'A name.' : undefined) });
  if (name === undefined) return undefined;
  const key = await vscode.window.showInputBox({ title, prompt: 'Key; empty for none. It is kept in the secret store of VS Code.', password: true, ignoreFocusOut: true });
  if (key === undefined) return undefined;
  await configuration.update('url', address.trim(), vscode.ConfigurationTarget.Global);
  await configuration.update('model', name.trim(), vscode.ConfigurationTarget.Global);
  if (key === '') await secrets.delete(SECRET);
  else await secrets.store(SECRET, key);
  return { kind: 'endpoint', url: address.trim(), model: name.trim() };
}

export async function languageModelRequest({ secrets }: { secrets: vscode.SecretStorage }, choice: LanguageModelChoice): Promise<LanguageModelRequest> {
  if (choice.kind === 'editor') return { kind: 'editor', model: choice.id };
  return { kind: 'endpoint', url: choice.url, model: choice.model, key: await secrets.get(SECRET) };
}

/** What the engine may ask of the editor. */
export const engineHost: EngineHost = {
  async complete({ model: id, prompt }, context) {
    const [model] = await vscode.lm.selectChatModels({ id });
    if (model === undefined) throw Object.assign(new Error(`The language model "${id}" is not there any more.`), { code: 'unavailable' });
    const source = new vscode.CancellationTokenSource();
    context?.signal?.addEventListener('abort', () => source.cancel(), { once: true });
    try {
      const response = await model.sendRequest([vscode.LanguageModelChatMessage.User(prompt)], { justification: 'Frankenstein Lab lets it judge answers that were to be checked.' }, source.token);
      let text = '';
      for await (const part of response.text) text += part;
      return text;
    } catch (error) {
      throw Object.assign(new Error(`The language model ${model.name} did not answer: ${error instanceof Error ? error.message : String(error)}`), { code: 'unavailable' });
    } finally {
      source.dispose();
    }
  },
};
