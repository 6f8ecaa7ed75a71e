/** The package's entry `tidemark/testing`: what the tests of a domain are written with. It needs no broker and no files. */
export * from '../../projections/testing/testing';
