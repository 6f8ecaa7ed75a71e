/** Test files that must fail (or pass), each in one way; the harness's own test runs them. Named by the first argument. */
import { spec } from '../../spec';

const cases: Readonly<Record<string, () => void>> = {
  passes: () => spec('case', ({ test }) => test('passes', () => {})),
  'before throws': () =>
    spec('case', ({ before, test }) => {
      before(() => {
        throw new Error('before');
      });
      test('never gets to run', () => {});
    }),
  'after throws': () =>
    spec('case', ({ after, test }) => {
      after(() => {
        throw new Error('after');
      });
      test('passes', () => {});
    }),
  'a test throws a text': () =>
    spec('case', ({ test }) => {
      test('throws what is not an Error', () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- exactly this is to be caught
        throw 'a text';
      });
      test('comes after it', () => {});
    }),
  'a test never ends': () =>
    spec('case', ({ test }) => test('waits', () => new Promise<void>(() => {}), { timeoutMs: 50 })),
  'the process exits in the middle': () =>
    spec('case', ({ test }) => {
      test('exits', () => process.exit(0));
      test('is lost', () => {});
    }),
  'an assertion fails': () =>
    spec('case', ({ test }) =>
      test('fails', () => {
        throw new Error('no');
      }),
    ),
};

cases[process.argv[2] ?? '']?.();
