import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Functions of `vscode.window` that show a text. */
const SHOWING =
  '/^(show(Error|Warning|Information)Message|showQuickPick|showInputBox|createQuickPick|createInputBox|withProgress|setStatusBarMessage|createStatusBarItem)$/';

export default tseslint.config(
  {
    ignores: [
      'dist/**',
      'dist-test/**',
      '.tsbuild/**',
      '.cache/**',
      'test-results/**',
      'samples/**',
      '.frankenstein/**',
      '**/*.assembly.ts',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [...tseslint.configs.recommendedTypeChecked, ...tseslint.configs.stylistic],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
    },
  },
  {
    // What the editor shows is made inert in one module: a model file must not put a link or an icon on screen.
    files: ['src/**/*.ts'],
    ignores: ['src/services/screen.ts', '**/*.test.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...[
          `MemberExpression[object.property.name='window'][property.name=${SHOWING}]`,
          `VariableDeclarator[init.property.name='window'] Property[key.name=${SHOWING}]`,
          `ImportSpecifier[imported.name='window']`,
          `VariableDeclarator[id.type='Identifier'][init.property.name='window'][init.object.name='vscode']`,
          `MemberExpression[object.name='vscode'][property.name='TreeItem']:matches(NewExpression > *, ` +
            'ClassDeclaration > *)',
        ].map((selector) => ({
          selector,
          message: 'Show texts through src/services/screen.ts, which makes them inert.',
        })),
      ],
    },
  },
  {
    files: ['src/**/*.ts', 'webview/**/*.{ts,tsx}'],
    ignores: ['webview/playground/**', '**/*.test.ts'],
    rules: { 'max-lines-per-function': ['error', { max: 100, skipBlankLines: true, skipComments: true }] },
  },
  {
    files: ['test/**/*.ts', '**/*.test.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', name: ['it', 'describe'], package: 'node:test' }] },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.property.name='timeout'][callee.object.type!='Identifier']",
          message: 'No test has a limit of time: the watchdog of test/run.mjs ends what gets nowhere.',
        },
      ],
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        fetch: 'readonly',
        AbortController: 'readonly',
        performance: 'readonly',
      },
    },
  },
);
