/** Squiggles under what is wrong with a recipe or a plan, and the fixes there are. */
import * as vscode from 'vscode';
import type { RecipeProblem } from '../protocol/engineApi.js';
import { type Feedback, isChecked, rangeOf } from './feedback.js';

const SEVERITIES: Record<RecipeProblem['severity'], vscode.DiagnosticSeverity> = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  information: vscode.DiagnosticSeverity.Information,
};

export function showProblems(feedback: Feedback): vscode.Disposable {
  const collection = vscode.languages.createDiagnosticCollection('frankenstein-recipe');
  return vscode.Disposable.from(
    collection,
    feedback.onDidChange(async (document) => {
      const found = await feedback.of(document);
      if (found === undefined || document.isClosed) return;
      collection.set(
        document.uri,
        found.problems.map((problem) => diagnosticOf(document, problem)),
      );
    }),
    vscode.workspace.onDidCloseTextDocument((document) => {
      if (isChecked(document)) collection.delete(document.uri);
    }),
  );
}

function diagnosticOf(document: vscode.TextDocument, problem: RecipeProblem): vscode.Diagnostic {
  const diagnostic = new vscode.Diagnostic(rangeOf(document, problem), problem.message, SEVERITIES[problem.severity]);
  diagnostic.source = 'Frankenstein';
  diagnostic.code = problem.code;
  return diagnostic;
}

export class Fixes implements vscode.CodeActionProvider {
  constructor(private readonly feedback: Feedback) {}

  async provideCodeActions(document: vscode.TextDocument, range: vscode.Range): Promise<vscode.CodeAction[]> {
    const found = await this.feedback.of(document);
    return (found?.problems ?? []).flatMap((problem) => {
      const location = rangeOf(document, problem);
      if (problem.fix === undefined || location.intersection(range) === undefined) return [];
      const action = new vscode.CodeAction(problem.fix.title, vscode.CodeActionKind.QuickFix);
      action.edit = new vscode.WorkspaceEdit();
      for (const edit of problem.fix.edits) action.edit.replace(document.uri, rangeOf(document, edit), edit.text);
      action.diagnostics = [diagnosticOf(document, problem)];
      action.isPreferred = true;
      return [action];
    });
  }
}
