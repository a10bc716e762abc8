/**
 * Pinned figures: a comment thread between the lines, without a place to reply. Stable API has no other block there.
 *
 * Threads are resolved from the start: a thread without a state counts as unresolved, and together with the manifest's
 * default for `comments.openView` that would open the Comments view over whatever the user has at the bottom.
 */
import * as vscode from 'vscode';

export class Pins implements vscode.Disposable {
  private readonly controller = vscode.comments.createCommentController('frankenstein', 'Frankenstein Lab');
  private readonly threads = new Set<vscode.CommentThread>();

  /** Pins `body` below `line`; a pin of the same name in the document is replaced. */
  pin(uri: vscode.Uri, line: number, label: string, body: vscode.MarkdownString): vscode.CommentThread {
    for (const thread of this.threads) {
      if (thread.uri.toString() === uri.toString() && thread.label === label) this.unpin(thread);
    }
    const comment: vscode.Comment = { body, mode: vscode.CommentMode.Preview, author: { name: 'Frankenstein Lab' } };
    // Filled only once it is resolved, for the same reason.
    const thread = this.controller.createCommentThread(uri, new vscode.Range(line, 0, line, 0), []);
    thread.state = vscode.CommentThreadState.Resolved;
    thread.canReply = false;
    thread.label = label;
    thread.contextValue = 'pin';
    thread.collapsibleState = vscode.CommentThreadCollapsibleState.Expanded;
    thread.comments = [comment];
    this.threads.add(thread);
    return thread;
  }

  unpin(thread: vscode.CommentThread): void {
    if (this.threads.delete(thread)) thread.dispose();
  }

  clear(): void {
    for (const thread of [...this.threads]) this.unpin(thread);
  }

  get count(): number {
    return this.threads.size;
  }

  dispose(): void {
    this.clear();
    this.controller.dispose();
  }
}
