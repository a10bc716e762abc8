/** Checkpoints of the workspace, by folder, and of the Hugging Face cache; below each, the runs it is part of. */
import { statSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { FoundCheckpoint } from '../protocol/engineApi.js';
import { identityOf, kindText } from '../services/checkpointPath.js';
import type { Discovery } from '../services/discovery.js';
import type { Headers, HeaderState } from '../services/headers.js';
import { bytesText, countText } from '../services/progressText.js';
import type { ResultsIndex } from '../services/resultsIndex.js';
import { TreeRow } from '../services/screen.js';
import type { Selection } from '../services/selection.js';
import { runNodes, type RunNode } from './runsTree.js';

export class CheckpointNode extends TreeRow {
  readonly path: string;

  constructor(
    found: FoundCheckpoint,
    { runs, header, selected }: { runs: RunNode[]; header: HeaderState | undefined; selected: boolean },
  ) {
    const label = path.basename(found.label) || found.label;
    const broken = header?.kind === 'broken' ? header.reason : undefined;
    const facts = [
      selected ? 'selected for compare' : '',
      broken === undefined ? '' : 'cannot be read',
      kindText(found),
      bytesText(found.bytes),
    ].filter(Boolean);
    super(
      {
        label,
        description: facts.join(' · '),
        tooltip: tooltipOf(found, header),
        spoken: [label, ...facts, broken, found.label].filter(Boolean).join(', '),
        icon:
          broken === undefined
            ? found.adapterOf === undefined
              ? 'package'
              : 'layers'
            : new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground')),
      },
      runs.length > 0 ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None,
    );
    this.runs = runs;
    this.path = found.path;
    this.id = found.path;
    this.contextValue = 'checkpoint';
    this.command =
      found.family === 'recipe'
        ? { command: 'vscode.open', title: 'Open', arguments: [vscode.Uri.file(found.path)] }
        : { command: 'frankenstein.inspect', title: 'Inspect', arguments: [this] };
  }

  readonly runs: RunNode[];
}

/** Path, what the headers say, and when it was written. */
function tooltipOf({ path: location }: FoundCheckpoint, header: HeaderState | undefined): string {
  const lines = [location];
  if (header?.kind === 'broken') lines.push(header.reason);
  if (header?.kind === 'whole') {
    const { parameters, dtype, layers, visionLayers } = header.header;
    const vision = visionLayers === 0 ? '' : `, ${visionLayers} vision blocks`;
    lines.push(`${countText(parameters)} parameters, ${dtype}, ${layers} language layers${vision}`);
  }
  const changed = statSync(location.split('+').at(-1)!, { throwIfNoEntry: false })?.mtime;
  if (changed !== undefined) lines.push(`changed ${changed.toLocaleString()}`);
  return lines.join('\n');
}

class GroupNode extends TreeRow {
  constructor(
    label: string,
    id: string,
    readonly children: readonly (GroupNode | CheckpointNode)[],
  ) {
    const { length } = children;
    super({ label, spoken: `${label}, ${length} entries` }, vscode.TreeItemCollapsibleState.Expanded);
    this.id = `group ${id}`;
    this.contextValue = 'source';
  }
}

type Node = GroupNode | CheckpointNode | RunNode;

/** Headers are read one after the other; the tree follows them at this pace. Milliseconds. */
const SETTLE = 200;

export class CheckpointsTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private timer: NodeJS.Timeout | undefined;
  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly discovery: Discovery,
    private readonly results: ResultsIndex,
    private readonly headers: Headers,
    private readonly selection: Selection,
  ) {
    discovery.onDidChange(() => this.changed.fire());
    results.onDidChange(() => this.changed.fire());
    selection.onDidChange(() => this.changed.fire());
    headers.onDidChange(() => {
      this.timer ??= setTimeout(() => {
        this.timer = undefined;
        this.changed.fire();
      }, SETTLE);
    });
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return node;
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (node instanceof GroupNode) return [...node.children];
    if (node instanceof CheckpointNode) return node.runs;
    if (node !== undefined) return [];
    const [found, runs] = await Promise.all([this.discovery.list(), this.results.list()]);
    const inWorkspace = found.filter(({ source }) => source === 'workspace');
    // Nobody has chosen these files: of a folder that is not trusted, none is opened unasked.
    if (vscode.workspace.isTrusted)
      void this.headers.read(
        inWorkspace.filter(({ family }) => family !== 'recipe').map(({ path: location }) => location),
      );
    // Asking what an adapter's file stands for looks into its folder: once for each.
    const identified = runs.map((run) => ({ run, identities: new Set(run.paths.map(identityOf)) }));
    const selected = this.selection.checkpoint && identityOf(this.selection.checkpoint);
    const nodeOf = (checkpoint: FoundCheckpoint): CheckpointNode => {
      const identity = identityOf(checkpoint.path);
      const own = identified.filter(({ identities }) => identities.has(identity)).map(({ run }) => run);
      return new CheckpointNode(checkpoint, {
        runs: runNodes(own).map((run) => withParent(run, checkpoint.path)),
        header: this.headers.of(checkpoint.path),
        selected: identity === selected,
      });
    };
    const workspace = byFolder(inWorkspace, nodeOf);
    const cache = found.filter(({ source }) => source === 'huggingface-cache').map(nodeOf);
    // One source alone needs no heading.
    if (cache.length === 0) return workspace;
    return [
      ...(workspace.length > 0 ? [new GroupNode('Workspace', 'workspace', workspace)] : []),
      new GroupNode('Hugging Face cache', 'huggingface-cache', cache),
    ];
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.changed.dispose();
  }
}

/** Checkpoints of one folder together, under its path; a folder that holds all of them needs no heading. */
function byFolder(
  found: readonly FoundCheckpoint[],
  nodeOf: (checkpoint: FoundCheckpoint) => CheckpointNode,
): (GroupNode | CheckpointNode)[] {
  const folders = new Map<string, CheckpointNode[]>();
  for (const checkpoint of found) {
    const folder = path.dirname(checkpoint.label);
    folders.set(folder, [...(folders.get(folder) ?? []), nodeOf(checkpoint)]);
  }
  if (folders.size === 1) return [...folders.values()].flat();
  return [...folders].flatMap(([folder, nodes]): (GroupNode | CheckpointNode)[] =>
    folder === '.' ? nodes : [new GroupNode(folder, folder, nodes)],
  );
}

/** One run may hang below several checkpoints; ids of a tree are unique. */
function withParent(node: RunNode, parent: string): RunNode {
  node.id = `${parent}\n${node.run.folder}`;
  return node;
}
