/**
 * Language models that the user may choose to judge answers or describe images: those of the editor, and one endpoint
 * from the settings. Nothing is sent before one is chosen for a run; the endpoint's key lies in the editor's secret
 * store.
 */
import * as vscode from 'vscode';
import type { EngineHost, LanguageModelRequest } from '../protocol/engineApi.js';
import { askText, BACK, pickOne, type Choice } from './screen.js';

/**
 * Keys are kept per address, so that none is sent to another. Earlier versions kept one, for the address of the
 * settings.
 */
const SECRET = 'frankenstein.languageModel.key';
const secretOf = (url: string) => `${SECRET} ${url}`;

export type LanguageModelChoice = { kind: 'editor'; id: string } | { kind: 'endpoint'; url: string; model: string };

/**
 * Newer than the oldest VS Code that this runs in: what models may be shown beside text, and whether they can see it.
 */
const { LanguageModelDataPart: DataPart } = vscode as unknown as {
  LanguageModelDataPart?: { image(data: Uint8Array, mime: string): vscode.LanguageModelTextPart };
};
type SeeingModel = vscode.LanguageModelChat & { capabilities?: { supportsImageToText?: boolean } };

/** Null for "none"; undefined when dismissed. */
export async function pickLanguageModel(
  { secrets }: { secrets: vscode.SecretStorage },
  title: string,
  placeholder: string,
  { images = false } = {},
): Promise<LanguageModelChoice | null | undefined> {
  const configuration = vscode.workspace.getConfiguration('frankenstein.languageModel');
  const [url, model] = [configuration.get<string>('url', '').trim(), configuration.get<string>('model', '').trim()];
  const own = await editorModels(images);
  const picked = await pickOne<LanguageModelChoice | 'none' | 'configure'>({ title, placeholder }, [
    { label: 'None', icon: 'circle-slash', description: 'nothing is sent anywhere', value: 'none' },
    ...(url !== '' && model !== ''
      ? [{ label: model, icon: 'globe', description: url, value: { kind: 'endpoint' as const, url, model } }]
      : []),
    ...own.map((one): Choice<LanguageModelChoice> => ({
      label: one.name,
      icon: 'sparkle',
      description: `${one.vendor}, through VS Code`,
      value: { kind: 'editor', id: nameOf(one) },
    })),
    {
      label: 'Endpoint…',
      icon: 'gear',
      description: 'any address that speaks the OpenAI chat completions protocol',
      value: 'configure',
    },
  ]);
  if (picked === BACK || picked === undefined) return undefined;
  if (picked === 'none') return null;
  if (picked !== 'configure') return picked;
  const endpoint = await askEndpoint(secrets, title, { url, model });
  if (endpoint === undefined) return undefined;
  await configuration.update('url', endpoint.url, vscode.ConfigurationTarget.Global);
  await configuration.update('model', endpoint.model, vscode.ConfigurationTarget.Global);
  await secrets.delete(SECRET);
  return { kind: 'endpoint', ...endpoint };
}

/** Address, model and key; the key goes to the secret store. Undefined when dismissed. */
export async function askEndpoint(
  secrets: vscode.SecretStorage,
  title: string,
  { url, model }: { url: string; model: string },
): Promise<{ url: string; model: string } | undefined> {
  const address = await askText({
    title,
    prompt: 'Address of the endpoint',
    value: url,
    placeholder: 'http://localhost:8000/v1',
    stays: true,
    refuse: (text) => (/^https?:\/\/\S+$/.test(text.trim()) ? undefined : 'An http or https address.'),
  });
  if (address === undefined) return undefined;
  const name = await askText({
    title,
    prompt: 'Name of the model there',
    value: model,
    stays: true,
    refuse: (text) => (text.trim() === '' ? 'A name.' : undefined),
  });
  if (name === undefined) return undefined;
  const key = await askText({
    title,
    prompt: 'Key; empty for none. It is kept in the secret store of VS Code.',
    password: true,
    stays: true,
  });
  if (key === undefined) return undefined;
  if (key === '') await secrets.delete(secretOf(address.trim()));
  else await secrets.store(secretOf(address.trim()), key);
  return { url: address.trim(), model: name.trim() };
}

/** The request that a run carries. A key is never in it: the engine asks for it (`engineHost`). */
export function languageModelRequest(choice: LanguageModelChoice): LanguageModelRequest {
  return choice.kind === 'editor'
    ? { kind: 'editor', model: choice.id }
    : { kind: 'endpoint', url: choice.url, model: choice.model };
}

/** As requests and results name it: two vendors may have a model of the same id. */
function nameOf({ vendor, id }: vscode.LanguageModelChat): string {
  return `${vendor}/${id}`;
}

async function editorModels(images: boolean): Promise<vscode.LanguageModelChat[]> {
  const all = await Promise.resolve(vscode.lm.selectChatModels()).catch((): vscode.LanguageModelChat[] => []);
  if (!images) return all;
  return DataPart === undefined
    ? []
    : all.filter((one) => (one as SeeingModel).capabilities?.supportsImageToText !== false);
}

/** What the engine may ask of the editor. */
export function engineHost(secrets: vscode.SecretStorage): EngineHost {
  return { complete, languageModelKey: ({ url }) => keyOf(secrets, url) };
}

async function keyOf(secrets: vscode.SecretStorage, url: string): Promise<string | null> {
  const configured = vscode.workspace.getConfiguration('frankenstein.languageModel').get<string>('url', '').trim();
  return (await secrets.get(secretOf(url))) ?? (url === configured ? await secrets.get(SECRET) : undefined) ?? null;
}

const complete: EngineHost['complete'] = async ({ model: name, prompt, image }, context) => {
  const slash = name.indexOf('/');
  const [model] = await vscode.lm.selectChatModels({ vendor: name.slice(0, slash), id: name.slice(slash + 1) });
  if (model === undefined)
    throw failure(`The language model "${name}" is not in this VS Code any more; choose another one.`);
  if (image !== undefined && DataPart === undefined)
    throw failure('This version of VS Code gives its language models text only; let an endpoint describe images.');
  const source = new vscode.CancellationTokenSource();
  const cancel = () => source.cancel();
  if (context?.signal?.aborted === true) cancel();
  context?.signal?.addEventListener('abort', cancel, { once: true });
  const content =
    image === undefined ? prompt : [DataPart!.image(image.bytes, image.type), new vscode.LanguageModelTextPart(prompt)];
  const justification =
    image === undefined
      ? 'Frankenstein Lab lets it judge answers that were to be checked.'
      : 'Frankenstein Lab lets it describe images of questions.';
  try {
    const response = await model.sendRequest(
      [vscode.LanguageModelChatMessage.User(content)],
      { justification },
      source.token,
    );
    let text = '';
    for await (const part of response.text) text += part;
    return text;
  } catch (error) {
    const refused =
      error instanceof vscode.LanguageModelError && error.code === vscode.LanguageModelError.NoPermissions.name;
    throw failure(
      refused
        ? `Frankenstein Lab may not use the language model ${model.name}: allow it when VS Code asks, ` +
            'or choose another one.'
        : `The language model ${model.name} did not answer: ${error instanceof Error ? error.message : String(error)}`,
    );
  } finally {
    context?.signal?.removeEventListener('abort', cancel);
    source.dispose();
  }
};

function failure(message: string): Error {
  return Object.assign(new Error(message), { code: 'unavailable' });
}
