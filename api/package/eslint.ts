/** The package's entry `tidemark/eslint`: the lint rule for pure code. */
export { plugin, pureCode } from '../../projections/purity/purity';
