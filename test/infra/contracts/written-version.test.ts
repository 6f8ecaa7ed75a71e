/** In which version events are published: as stored, or as the producer was told. */
import * as assert from 'uvu/assert';
import { application } from '../../../projections/fulfilment/application';
import type { StoredEvent } from '../../../domain/kernel/recorded-event';
import { ConfigurationError, readConfiguration } from '../../../infra/configuration';
import { checkedWriteVersions, versionWriter } from '../../../infra/kafka/written-version';
import { cloudEventEncoder } from '../../../infra/kafka/cloud-events';
import { spec } from '../../spec';
import { olderCatalog } from './older-catalog';

const { catalog } = application;

const stored = (type: string, schemaVersion: number, data: unknown): StoredEvent => ({
  id: 'stock-kettle@1',
  stream: 'stock-kettle',
  version: 1,
  position: 1,
  type,
  schemaVersion,
  recordedAt: '2020-01-01T00:00:00.000Z',
  correlationId: 'c',
  causationId: 'r',
  actor: 'anonymous',
  payload: JSON.stringify(data),
});
const receipt = { sku: 'kettle', receiptId: 'r1', quantity: 1, receivedAt: '2018-01-01T00:00:00Z' };

spec('the version that is published', ({ test }) => {
  const older = versionWriter(catalog, new Map([['StockReceived', 1]]));
  const deprecation = [
    { deprecation: '2026-11-24' },
    { sunset: '2027-05-24' },
    { 'successor-version': 'StockReceived/2' },
  ];

  test('is the stored one, untouched, where nothing else was asked for', () => {
    const write = versionWriter(catalog, new Map());
    const newest = stored('StockReceived', 2, { ...receipt, origin: 'supplier' });
    assert.is(write(newest).event, newest);
    assert.equal(write(newest).headers, []);
    const first = stored('StockReceived', 1, receipt);
    assert.is(write(first).event, first);
    assert.equal(write(first).headers, deprecation);
  });
  test('is the older one where it says the same', () => {
    const { event, headers } = older(stored('StockReceived', 2, { ...receipt, origin: 'supplier' }));
    assert.equal(event, stored('StockReceived', 1, receipt));
    assert.equal(headers, deprecation);
  });
  test('is the stored one where the older would say less', () => {
    const returned = stored('StockReceived', 2, { ...receipt, origin: 'customer-return' });
    assert.is(older(returned).event, returned);
    assert.equal(older(returned).headers, []);
  });
  test('is the stored one where the payload or the name cannot be read: it is no business of the producer', () => {
    for (const odd of [stored('StockReceived', 2, { some: 'payload' }), stored('KettleWhistled', 1, {})])
      assert.is(older(odd).event, odd);
  });
  test('has its dates in the headers of both modes', () => {
    const event = stored('StockReceived', 1, receipt);
    for (const mode of ['structured', 'binary'] as const) {
      const { headers } = cloudEventEncoder({ catalog, mode, schemaBaseUrl: 'urn:x', storeId: 'x' })(event);
      assert.equal(headers.slice(-3), deprecation, mode);
    }
  });
});

spec('WRITE_VERSIONS', ({ test }) => {
  test('is taken by present and former names', () => {
    const wanted = readConfiguration({ WRITE_VERSIONS: 'StockReleased=1,PaymentAuthorised=2' }).writeVersions;
    assert.equal(
      [...checkedWriteVersions(catalog, wanted)],
      [
        ['StockReservationReleased', 1],
        ['PaymentAuthorised', 2],
      ],
    );
  });
  const refused: ReadonlyArray<readonly [string, RegExp]> = [
    ['KettleWhistled=1', /names 'KettleWhistled'; 'tidemark contracts list' names the events/],
    ['StockReceived=3', /version 3 of StockReceived; this program knows 1 to 2/],
    ['StockReceived', /holds 'StockReceived'; it takes <event>=<version>/],
    ['StockReceived=0', /it takes <event>=<version>/],
  ];
  for (const [text, message] of refused) {
    test(`refuses ${text} before anything starts`, () =>
      assert.throws(
        () => checkedWriteVersions(catalog, readConfiguration({ WRITE_VERSIONS: text }).writeVersions),
        (error: unknown) => error instanceof ConfigurationError && message.test(error.message),
      ));
  }
  test('cannot ask older code for what it does not know', () =>
    assert.throws(() => checkedWriteVersions(olderCatalog(catalog), new Map([['StockReceived', 2]])), /knows 1 to 1/));
});
