/** The projections in the lock: what may change under one version, and what needs a new one. */
import * as assert from 'uvu/assert';
import { lockOf } from '../../../infra/contracts/contract-lock';
import { changeFindings, runtimeFindings } from '../../../infra/contracts/contract-check';
import { lockedProjections } from '../../../projections/locked-projections';
import { integer, type Projection } from '../../../projections/projection';
import library from '../../examples/library/application';
import { dueDates } from '../../examples/library/due-dates';
import { loanList } from '../../examples/library/loan-list';
import { spec } from '../../spec';

const { catalog } = library;

const changes = (was: ReadonlyArray<Projection>, is: ReadonlyArray<Projection>) =>
  changeFindings({
    catalog,
    readers: [],
    lock: lockOf(catalog, undefined, lockedProjections(was)),
    projections: lockedProjections(is),
  });

const member = loanList.references?.['member'];
if (member === undefined) throw new Error('the example has a reference');

/** The example with another reference. */
const joinedBy = (reference: object): Projection => ({
  ...loanList,
  references: { member: { ...member, ...reference } },
});

spec('a projection in the lock', ({ test }) => {
  test('is as agreed where nothing changed, whatever its handler does', () => {
    assert.equal(changes([loanList, dueDates], [{ ...loanList, project: () => [] }, dueDates]), []);
  });

  const rows: ReadonlyArray<readonly [what: string, changed: Projection, detail: string]> = [
    [
      'another column',
      { ...loanList, view: { ...loanList.view, columns: { ...loanList.view.columns, fine: integer('The fine.') } } },
      '/view/columns/fine: was not there, is "integer"',
    ],
    [
      'its columns in another order',
      {
        ...loanList,
        view: { ...loanList.view, columns: Object.fromEntries(Object.entries(loanList.view.columns).reverse()) },
      },
      '/view/columns: the order was memberId, memberName, lentAt, returnedAt',
    ],
    ['another way to find a reference', joinedBy({ on: ['loanId'] }), '/member/on: was ["memberId"], is ["loanId"]'],
    [
      'another column of a reference',
      joinedBy({ columns: { returnedAt: 'name' } }),
      '/member/shown/memberName: was "name", is not there',
    ],
    [
      'removals that are remembered',
      { ...loanList, view: { ...loanList.view, removals: 'remembered' } },
      '/view/removals: was not there, is "remembered"',
    ],
    ['no reference', { ...loanList, references: {} }, '/member: was {'],
  ];
  for (const [what, changed, detail] of rows) {
    test(`needs a new version for ${what}`, () => {
      const [finding, ...others] = changes([loanList], [changed]);
      assert.equal(others, []);
      assert.equal([finding?.subject, finding?.acceptable], ['projection loan-list', false]);
      assert.match(String(finding?.remedy), /Give it version 2/);
      assert.ok(
        finding?.details.some((line) => line.startsWith(detail)),
        JSON.stringify(finding?.details),
      );
      const [raised] = changes([loanList], [{ ...changed, version: 2 }]);
      assert.equal([raised?.acceptable, raised?.problem], [true, 'version 2 is not in the lock, which has version 1']);
    });
  }

  test('may have another index, be new or be gone, once that is accepted; and starts until then', () => {
    const indexed: Projection = { ...loanList, view: { ...loanList.view, indexes: [['lentAt']] } };
    for (const [was, is, problem] of [
      [[loanList], [indexed], /its indexes changed/],
      [[], [loanList], /new and not in the lock/],
      [[loanList], [], /is gone/],
    ] as const) {
      const [finding, ...others] = changes(was, is);
      assert.equal([others, finding?.acceptable, finding?.wordsOnly], [[], true, true]);
      assert.match(String(finding?.problem), problem);
    }
  });

  test('that changed under its version keeps the program from starting', () => {
    const lock = lockOf(catalog, undefined, lockedProjections([loanList]));
    const check = (projection: Projection) =>
      runtimeFindings({ catalog, lock, fixtures: [], readers: [], projections: lockedProjections([projection]) })
        .filter(({ subject }) => subject.startsWith('projection'))
        .map(({ problem }) => problem);
    assert.equal(check(joinedBy({ on: ['loanId'] })), ['its columns or references changed without a new version']);
    assert.equal(check(loanList), []);
  });

  test('is not asked for by a lock of a release that recorded none', () => {
    const lock = lockOf(catalog);
    assert.equal(changeFindings({ catalog, readers: [], lock, projections: lockedProjections([loanList]) }), []);
  });
});
