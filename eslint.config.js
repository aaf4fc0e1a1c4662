import eslint from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Time and chance come from src/base; everything else takes a Clock or a Random. */
const AMBIENT_TIME_AND_CHANCE = [
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'Take a Clock (src/base/clock.ts).',
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'Take a Clock (src/base/clock.ts) and pass its time: new Date(clock.now()).',
  },
  {
    selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
    message: 'Take a Random (src/base/random.ts).',
  },
  {
    selector:
      "CallExpression[callee.name=/^(setTimeout|setInterval|setImmediate)$/], CallExpression[callee.object.name='globalThis'][callee.property.name=/^(setTimeout|setInterval|setImmediate)$/]",
    message: 'Take a Clock (src/base/clock.ts) and use clock.after.',
  },
  {
    selector: 'ImportDeclaration[source.value=/^(node:)?timers(\\u002Fpromises)?$/]',
    message: 'Take a Clock (src/base/clock.ts).',
  },
];

const NO_DEFAULT_EXPORT = {
  selector: 'ExportDefaultDeclaration',
  message: 'Export by name: one name for a thing, everywhere.',
};

const NO_CHOSEN_TESTS = {
  selector:
    'MemberExpression[object.name=/^(it|test|describe|suite)$/][property.name=/^(only|skip|todo)$/]',
  message: 'Every test runs, always. A test that needs a server skips by name inside its context.',
};

export default defineConfig(
  { ignores: ['dist/', 'coverage/', 'completions/', 'data/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      'max-lines': ['error', { max: 400 }],
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', ...AMBIENT_TIME_AND_CHANCE],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        // a `default` is an answer for the rest
        { considerDefaultExhaustiveForUnions: true },
      ],
      // The compiler has noUnusedLocals-like checks through this rule; a leading _ says "on purpose".
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // Numbers and booleans read well in a template; objects and undefined stay forbidden.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // `() => stop()` is the usual way to pass an action on.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // `for (;;)` and `while (true)` are loops with their way out inside.
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      // A port's method may be async for one store and immediate for another.
      '@typescript-eslint/require-await': 'off',
      // Maps of wire names are typed as records on purpose.
      '@typescript-eslint/no-dynamic-delete': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': ['error', ...AMBIENT_TIME_AND_CHANCE, NO_DEFAULT_EXPORT],
    },
  },
  {
    // Where time and chance come from; and the one place where the command line waits.
    files: ['src/base/clock.ts', 'src/base/random.ts', 'src/cli/wait.ts'],
    rules: { 'no-restricted-syntax': ['error', NO_DEFAULT_EXPORT] },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...AMBIENT_TIME_AND_CHANCE, NO_CHOSEN_TESTS],
      // `expect(port.method)` and fakes hand methods around without their object.
      '@typescript-eslint/unbound-method': 'off',
      // A test states what must be there: `found!` fails it with a clear stack.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Matchers such as expect.any() are typed `any`.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      // Texts of known letters are taken apart and put together.
      '@typescript-eslint/no-misused-spread': 'off',
    },
  },
  {
    // Real processes and real sockets run in real time.
    files: [
      'test/support/**/*.ts',
      'test/e2e/**/*.ts',
      'test/crash/**/*.ts',
      'bench/**/*.ts',
      'scripts/**/*.ts',
    ],
    rules: { 'no-restricted-syntax': ['error', NO_CHOSEN_TESTS] },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
);
