/**
 * `tidemark/eslint`: an ESLint rule for the files in which deciders, projections and process managers are. It needs no type
 * information and nothing but ESLint itself, version 9 or later:
 *
 *     import { pureCode } from 'tidemark/eslint';
 *     export default [pureCode(['domain/**', 'projections/**'])];
 */
import { pure } from './pure-rule';
import type { Rule } from './syntax';

/** The plugin, for those who write their own configuration. */
export const plugin: { readonly meta: { readonly name: string }; readonly rules: Readonly<Record<string, Rule>> } = {
  meta: { name: 'tidemark' },
  rules: { pure },
};

/** A flat configuration that reports impure code in these files. Type-only files and tests need not be left out. */
export const pureCode = (
  files: ReadonlyArray<string>,
): {
  readonly name: string;
  readonly files: string[];
  readonly plugins: { readonly tidemark: typeof plugin };
  readonly rules: { readonly 'tidemark/pure': 'error' };
} => ({
  name: 'tidemark/pure-code',
  files: [...files],
  plugins: { tidemark: plugin },
  rules: { 'tidemark/pure': 'error' },
});
