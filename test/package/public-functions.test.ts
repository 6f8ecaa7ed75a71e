/** The public functions: each says by an example how it is called, for the API reference and for editors. */
import { join } from 'node:path';
import ts from 'typescript';
import * as assert from 'uvu/assert';
import { spec } from '../spec';

const ROOT = join(__dirname, '..', '..', '..');
const ENTRIES = ['main', 'projections', 'testing', 'server'].map((name) => join(ROOT, 'api', 'package', `${name}.ts`));

interface PublicFunction {
  readonly name: string;
  readonly hasExample: boolean;
}

/** Every function that an entry exports; constants, types and classes aside. */
const publicFunctions = (entries: ReadonlyArray<string>): ReadonlyArray<PublicFunction> => {
  const options = {
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    skipLibCheck: true,
  };
  const program = ts.createProgram([...entries], { ...options, target: ts.ScriptTarget.ES2022, strict: true });
  const checker = program.getTypeChecker();
  return entries.flatMap((entry) => {
    const source = program.getSourceFile(entry);
    const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`${entry} exports nothing`);
    return checker.getExportsOfModule(module).flatMap((exported): ReadonlyArray<PublicFunction> => {
      const symbol = (exported.flags & ts.SymbolFlags.Alias) === 0 ? exported : checker.getAliasedSymbol(exported);
      const declaration = symbol.valueDeclaration;
      if (declaration === undefined || !ts.isVariableDeclaration(declaration)) return [];
      const type = checker.getTypeOfSymbolAtLocation(symbol, declaration);
      if (type.getCallSignatures().length === 0) return [];
      const hasExample = symbol.getJsDocTags(checker).some(({ name }) => name === 'example');
      return [{ name: exported.name, hasExample }];
    });
  });
};

spec('the public functions of the package', ({ test }) => {
  test(
    'have an example each',
    () => {
      const found = publicFunctions(ENTRIES);
      for (const name of ['defineAggregate', 'defineApplication', 'defineProjection', 'testAggregate', 'startProgram'])
        assert.ok(
          found.some((each) => each.name === name),
          `${name} is not found`,
        );
      assert.equal(
        found.filter(({ hasExample }) => !hasExample).map(({ name }) => name),
        [],
      );
    },
    { timeoutMs: 120_000 },
  );
});
