/** Checkpoints of the workspace and the Hugging Face cache; below each, the comparisons it is part of. */
import path from 'node:path';
import * as vscode from 'vscode';
import type { FoundCheckpoint } from '../protocol/engineApi.js';
import { identityOf, kindText } from '../services/checkpointPath.js';
import type { Discovery } from '../services/discovery.js';
import { bytesText } from '../services/progressText.js';
import type { ResultsIndex } from '../services/resultsIndex.js';
import { RunNode } from './runsTree.js';

export class CheckpointNode extends vscode.TreeItem {
  readonly path: string;

  constructor(
    found: FoundCheckpoint,
    readonly runs: RunNode[],
  ) {
    super(
      path.basename(found.label) || found.label,
      runs.length > 0 ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None,
    );
    this.path = found.path;
    this.id = found.path;
    const parent = path.dirname(found.label);
    this.description = [parent === '.' ? '' : parent, kindText(found), bytesText(found.bytes)]
      .filter(Boolean)
      .join(' · ');
    this.iconPath = new vscode.ThemeIcon(found.adapterOf === undefined ? 'package' : 'layers');
    this.contextValue = 'checkpoint';
    this.tooltip = found.path;
  }
}

class SourceNode extends vscode.TreeItem {
  constructor(
    label: string,
    readonly children: CheckpointNode[],
  ) {
    super(label, vscode.TreeItemCollapsibleState.Expanded);
    this.id = label;
    this.contextValue = 'source';
  }
}

type Node = SourceNode | CheckpointNode | RunNode;

export class CheckpointsTree implements vscode.TreeDataProvider<Node> {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly discovery: Discovery,
    private readonly results: ResultsIndex,
  ) {
    discovery.onDidChange(() => this.changed.fire());
    results.onDidChange(() => this.changed.fire());
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return node;
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (node instanceof SourceNode) return node.children;
    if (node instanceof CheckpointNode) return node.runs;
    if (node !== undefined) return [];
    const [found, runs] = await Promise.all([this.discovery.list(), this.results.list()]);
    // Asking what an adapter's file stands for looks into its folder: once for each.
    const identified = runs.map((run) => ({ run, identities: new Set(run.paths.map(identityOf)) }));
    const nodes = (source: FoundCheckpoint['source']) =>
      found
        .filter((checkpoint) => checkpoint.source === source)
        .map((checkpoint) => {
          const identity = identityOf(checkpoint.path);
          const own = identified.filter(({ identities }) => identities.has(identity));
          return new CheckpointNode(
            checkpoint,
            own.map(({ run }) => withParent(new RunNode(run), checkpoint.path)),
          );
        });
    const workspace = nodes('workspace');
    const cache = nodes('huggingface-cache');
    // One source alone needs no heading.
    if (cache.length === 0) return workspace;
    return [
      ...(workspace.length > 0 ? [new SourceNode('Workspace', workspace)] : []),
      new SourceNode('Hugging Face cache', cache),
    ];
  }
}

/** One run may hang below several checkpoints; ids of a tree are unique. */
function withParent(node: RunNode, parent: string): RunNode {
  node.id = `${parent}\n${node.run.folder}`;
  return node;
}
