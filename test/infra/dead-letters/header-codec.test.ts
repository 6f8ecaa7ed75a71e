/** Headers in the file of dead letters: decoding returns what was encoded. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { decodeHeaders, encodeHeaders } from '../../../infra/sqlite/consumer-file/header-codec';
import { holds } from '../../domain/arbitraries';
import { spec } from '../../spec';

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const headers = fc.array(fc.tuple(fc.oneof(fc.string(), fc.constantFrom('a', 'A', '__proto__')), bytes));

spec('stored headers', ({ test }) => {
  test('are the original ones: names, duplicates, order and bytes', () =>
    holds(
      fc.property(headers, (all) => {
        assert.equal(decodeHeaders(encodeHeaders(all)), all);
      }),
      300,
    ));

  test('can be read in the format of releases that stored one header of each name', () => {
    assert.equal(decodeHeaders('{"trace":"YQ=="}'), [['trace', Buffer.from('a')]]);
  });
});
