/** The window on the flow: who asks before its next look is answered all the same. */
import * as assert from 'uvu/assert';
import { openFlowWindow, type FlowWindow } from '../../../infra/flow/flow-window';
import type { FlowReader } from '../../../infra/flow/flow-sample';
import { silentLogger } from '../../../infra/logger';
import { application } from '../../../projections/fulfilment/application';
import { spec } from '../../spec';
import { testClock } from '../../support/test-clock';

const reader: FlowReader = {
  lastPosition: async () => Promise.resolve(7),
  readAll: async () => Promise.resolve([]),
  identities: async () => Promise.resolve([]),
};

/** A window whose first look finds what `isThere` says then, and whose next one does not come. */
const windowOf = (isThere: () => boolean): FlowWindow =>
  openFlowWindow({
    catalog: application.catalog,
    clock: {
      ...testClock(),
      sleep: async (_ms, signal) => new Promise((resolve) => signal?.addEventListener('abort', () => resolve())),
    },
    logger: silentLogger,
    reader: async () => Promise.resolve(isThere() ? reader : undefined),
    relayStatus: () => undefined,
    groups: () => [],
  });

spec('the window on the flow', ({ test }) => {
  test('looks at once for whoever asks when the store has only just come', async () => {
    let isThere = false;
    const window = windowOf(() => isThere);
    assert.equal(await window.samplesByNow(), []);
    isThere = true;
    assert.equal(window.samples(), []);
    assert.equal(
      (await window.samplesByNow()).map(({ storePosition }) => storePosition),
      [7],
    );
    await window.stop();
  });
  test('looks once for all who ask together', async () => {
    const window = windowOf(() => true);
    const asked = await Promise.all([window.samplesByNow(), window.samplesByNow(), window.samplesByNow()]);
    assert.equal(
      asked.map(({ length }) => length),
      [1, 1, 1],
    );
    await window.stop();
  });
});
