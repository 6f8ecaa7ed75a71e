/** The usual rules for types, and Tidemark's for pure code: a replay has to come to the same result. */
import { pureCode } from 'tidemark/eslint';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['build/**'] },
  ...tseslint.configs.strict,
  {
    files: ['source/**'],
    rules: { '@typescript-eslint/switch-exhaustiveness-check': 'error' },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
  },
  pureCode(['source/**']),
);
