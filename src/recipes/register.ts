/** Recipes in the editor: problems, fixes, completion, hovers, what can be done, and the strip of layers. */
import * as vscode from 'vscode';
import type { Services } from '../services/services.js';
import { Fixes, showProblems } from './diagnostics.js';
import { ExperimentLenses } from './experimentLenses.js';
import { EXPERIMENT, Feedback, PLAN, RECIPE } from './feedback.js';
import { RecipeLenses, showStrip } from './lenses.js';
import { PlanLenses } from './planLenses.js';
import { Completions, Explanations } from './writing.js';

export function registerRecipes({ engine, discovery, experiments, log }: Services): vscode.Disposable {
  const feedback = new Feedback(engine, log);
  return vscode.Disposable.from(
    feedback,
    showProblems(feedback),
    showStrip(feedback),
    vscode.languages.registerCodeLensProvider(RECIPE, new RecipeLenses(feedback)),
    ...[RECIPE, PLAN, EXPERIMENT].map((selector) =>
      vscode.languages.registerCodeActionsProvider(selector, new Fixes(feedback), {
        providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
      }),
    ),
    vscode.languages.registerCodeLensProvider(PLAN, new PlanLenses(feedback)),
    vscode.languages.registerCodeLensProvider(EXPERIMENT, new ExperimentLenses(feedback, experiments)),
    ...[RECIPE, PLAN, EXPERIMENT].flatMap((selector) => [
      vscode.languages.registerCompletionItemProvider(
        selector,
        new Completions(engine, discovery),
        ' ',
        ':',
        '-',
        '/',
        '{',
        '[',
        '@',
        '.',
      ),
      vscode.languages.registerHoverProvider(selector, new Explanations(engine)),
    ]),
  );
}
