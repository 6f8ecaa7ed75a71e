/** A thousand events of 250 kB in a heap of 256 MB: bytes bound what the relay and a group hold, not counts. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../infra/clock';
import { MAX_PAGE_BYTES } from '../../../infra/event-store/event-feed';
import { openEventReader } from '../../../infra/sqlite/event-feed';
import { kafkaSpec } from '../../support/kafka-spec';
import { openStore } from '../sqlite/store-fixture';

const EVENTS = 1_000;
const LINES = 3_300;

/** An order of some 250 kB. */
const largeOrder = (orderId: string) => ({
  orderId,
  customerId: 'c1',
  currency: 'EUR',
  amount: 1,
  placedAt: '2026-01-01T12:00:00Z',
  lines: Array.from({ length: LINES }, (_, index) => ({
    sku: `${orderId}-article-${index}`,
    quantity: 1 + (index % 9),
    unitPrice: 100 + index,
    freight: index % 7,
  })),
});

kafkaSpec('a thousand large events', ({ test }, broker) => {
  test(
    'are published and projected to the end in a small heap',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'tidemark-large-'));
      try {
        const storeFile = join(folder, 'store.sqlite');
        const store = await openStore({ file: storeFile });
        for (let index = 0; index < EVENTS; index += 1) {
          const orderId = `o${index}`;
          const events = [{ type: 'OrderPlaced', schemaVersion: 1, data: largeOrder(orderId) }];
          const appended = await store.append({
            streams: [{ stream: `order-${orderId}`, expectedVersion: 'noStream', events }],
            metadata: { correlationId: 'c', causationId: 'r', actor: 'tester' },
          })();
          assert.is(appended._tag, 'Right');
        }
        await store.close();
        const reader = openEventReader(storeFile);
        const page = reader.readAll({ afterPosition: 0, limit: EVENTS, maxBytes: MAX_PAGE_BYTES });
        const bytes = page.reduce((sum, { payload }) => sum + Buffer.byteLength(payload), 0);
        assert.ok(bytes > MAX_PAGE_BYTES / 2 && bytes <= MAX_PAGE_BYTES, `a page of ${bytes} bytes`);
        assert.is(reader.readAll({ afterPosition: 0, limit: EVENTS, maxBytes: 1 }).length, 1, 'one at least');
        reader.close();
        const beganAtMs = systemClock.monotonicMs();
        await promisify(execFile)(
          process.execPath,
          [
            '--max-old-space-size=256',
            join(__dirname, 'large-events-child.js'),
            broker.servers,
            broker.topicPrefix(),
            folder,
          ],
          { timeout: 100_000, env: { ...process.env, MALLOC_ARENA_MAX: '2' } },
        );
        assert.ok(systemClock.monotonicMs() - beganAtMs < 100_000);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    { timeoutMs: 150_000 },
  );
});
