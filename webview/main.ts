/** Entry of the webview: the only place that knows it runs inside VS Code. */
import type { HostApi, PanelApi, PanelMemory } from '../src/protocol/hostApi.js';
import { connect } from '../src/protocol/rpc.js';
import { registerKit } from './kit.js';
import './panel.css';
import { createPanel } from './panel.js';

registerKit();
const vscode = acquireVsCodeApi<PanelMemory>();

const local: PanelApi = {
  show: (request) => panel.show(request),
  progress: (request) => panel.progress(request),
  spectrum: (request) => panel.spectrum(request),
  answer: (request) => panel.answer(request),
  focus: (request) => panel.focus(request),
};
const { remote } = connect<PanelApi, HostApi>(
  {
    send: (message) => vscode.postMessage(message),
    receive: (listener) => addEventListener('message', (event) => listener(event.data)),
  },
  local,
);
const panel = createPanel({
  root: document.getElementById('app') ?? document.body,
  host: remote,
  memory: vscode.getState() ?? null,
  remember: (memory) => vscode.setState(memory),
});
void panel.start();
