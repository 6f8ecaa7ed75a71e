/** Pure code takes the time and every id from its input: a replay has to come to the same result. */
import tseslint from 'typescript-eslint';

export default tseslint.config({ ignores: ['build/**'] }, ...tseslint.configs.strict, {
  files: ['source/**'],
  ignores: ['source/**/*.test.ts'],
  rules: {
    '@typescript-eslint/switch-exhaustiveness-check': 'error',
    'no-restricted-properties': [
      'error',
      { object: 'Date', property: 'now', message: 'Take the time from the command or the event.' },
      { object: 'Math', property: 'random', message: 'Chance belongs to whoever sends the command.' },
      { object: 'crypto', property: 'randomUUID', message: 'Ids come with the command.' },
    ],
    'no-restricted-syntax': [
      'error',
      {
        selector: "NewExpression[callee.name='Date'][arguments.length=0]",
        message: 'Take the time from the command or the event.',
      },
    ],
  },
  languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
});
