/** The catalog as people and scripts see it on the command line. */
import { findApplication, shippedApplicationFile } from '../../../api/program/application';
import { application } from '../../../projections/fulfilment/application';
import * as assert from 'uvu/assert';
import { diffVersions, list, show } from '../../../api/cli/contracts/catalog';
import { check, diffWithLock } from '../../../api/cli/contracts/check';
import { ConfigurationError } from '../../../infra/configuration';
import { spec } from '../../spec';

const linesOf = (
  work: (output: { readonly json: boolean; readonly print: (line: string) => void }) => void,
  json = false,
): ReadonlyArray<string> => {
  const lines: string[] = [];
  work({ json, print: (line) => void lines.push(line) });
  return lines;
};
const jsonOf = (work: Parameters<typeof linesOf>[0]): Readonly<Record<string, unknown>> =>
  JSON.parse(linesOf(work, true)[0] ?? '') as Readonly<Record<string, unknown>>;

spec('the catalog on the command line', ({ test }) => {
  test('lists every event, for people and for scripts', () => {
    assert.is(linesOf((output) => list(application, output)).length, 15);
    const first = jsonOf((output) => list(application, output));
    assert.equal(
      [first['type'], first['schemaVersion'], first['topic'], first['owner'], first['since'], first['retention']],
      ['OrderPlaced', 1, 'orders', 'order desk', '2026-11-24', 'forever'],
    );
  });
  test('shows an event by a name that it had, with versions, key and measured readers', () => {
    const text = linesOf((output) => show(application, 'StockReleased', output)).join('\n');
    assert.match(text, /^StockReservationReleased: The reservation/);
    assert.match(
      text,
      /version 1 \(StockReleased, since 2026-11-24, deprecated since 2026-11-24, not written from 2027-05-24 on\)/,
    );
    assert.match(text, /quantity +projection stock-level/);
    assert.match(text, /skew: It is real here/);
    const { readers } = jsonOf((output) => show(application, 'OrderPlaced', output)) as {
      readonly readers: Readonly<Record<string, unknown>>;
    };
    assert.equal(readers['/lines/*/quantity'], ['process manager fulfilment']);
    assert.equal(readers['/lines/*/freight'], undefined);
    assert.equal(readers['/customerId'], ['projection order-summary', 'projection customer-orders']);
  });
  test('tells two versions apart, and who can read which', () => {
    const split = linesOf((output) => diffVersions(application, 'PaymentAuthorised', '1', '2', output));
    assert.match(split[0] ?? '', /version 1 -> PaymentAuthorised version 2: backward \(this program reads both\)/);
    assert.ok(split.includes('  /method was taken away'));
    assert.is(
      jsonOf((output) => diffVersions(application, 'StockReceived', undefined, undefined, output))['compatibility'],
      'full',
    );
    assert.match(
      linesOf((output) => diffVersions(application, 'StockReleased', '1', '2', output))[1] ?? '',
      /is called/,
    );
  });
  test('names what it does not have', () => {
    assert.throws(
      () => show(application, 'OrderForgotten', { json: false, print: () => undefined }),
      (error: unknown) => error instanceof ConfigurationError && /no event is named/.test(error.message),
    );
    assert.throws(
      () => diffVersions(application, 'OrderPlaced', '1', '7', { json: false, print: () => undefined }),
      /has no version '7'/,
    );
  });
  test('is as agreed, and says so', async () => {
    const loaded = await findApplication(shippedApplicationFile);
    const lines: string[] = [];
    const output = { json: false, print: (line: string) => void lines.push(line) };
    assert.equal([check(loaded, output), diffWithLock(loaded, output)], [0, 0]);
    assert.equal(lines, [
      'contracts: 14 events in 17 versions, as recorded in domain/contracts/lock.json',
      'the code and domain/contracts/lock.json agree',
    ]);
  });
});
