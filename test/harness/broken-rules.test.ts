/** Tests that can't fail show nothing: one rule of each layer is broken on purpose, and its test has to turn red. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as assert from 'uvu/assert';
import { spec } from '../spec';

/** A rule of the built program, how it is broken, and the test file that has to notice. */
interface BrokenRule {
  readonly layer: string;
  readonly rule: string;
  readonly file: string;
  readonly right: string;
  readonly wrong: string;
  readonly test: string;
}

const brokenRules: ReadonlyArray<BrokenRule> = [
  {
    layer: 'domain',
    rule: 'nothing is delivered before a carrier had it',
    file: 'domain/order/order.js',
    right: 'if (state.handedOverAt === undefined)',
    wrong: 'if (false)',
    test: 'test/domain/order/order.test.js',
  },
  {
    layer: 'event store',
    rule: 'an append at another version than expected conflicts',
    file: 'infra/event-store/append-rules.js',
    right: 'return actual === expected;',
    wrong: 'return true;',
    test: 'test/infra/sqlite/event-store-contract.test.js',
  },
  {
    layer: 'command handler',
    rule: 'If-Match has to hold',
    file: 'infra/commands/decision.js',
    right: '![expectedVersion].flat().includes(state.version)',
    wrong: '[expectedVersion].flat().some((version) => version > state.version)',
    test: 'test/infra/commands/command-handler.test.js',
  },
  {
    layer: 'relay',
    rule: 'the cursor moves only behind contiguous acknowledgements',
    file: 'infra/relay/acknowledgements.js',
    right: 'while (cursor < last && isAcknowledged[placeOf(cursor + 1)] === 1)',
    wrong: 'while (cursor < position)',
    test: 'test/infra/relay/acknowledgements.test.js',
  },
  {
    layer: 'consumption',
    rule: 'what was delivered before is dropped',
    file: 'infra/consumption/intake/batch-items.js',
    right: 'if (position <= mark.highWaterPosition)',
    wrong: 'if (position < 0)',
    test: 'test/projections/views-writer.test.js',
  },
  {
    layer: 'contracts',
    rule: 'a change that nobody can read across is breaking',
    file: 'infra/contracts/compatibility.js',
    right: "return forward ? 'forward' : 'breaking';",
    wrong: "return 'full';",
    test: 'test/infra/contracts/gate.test.js',
  },
  {
    layer: 'upcasts',
    rule: 'an event of an older version is brought up to the newest',
    file: 'domain/kernel/decode-event.js',
    right: 'E.right({ ...envelope, type, schemaVersion, data: newest.right })',
    wrong: 'E.right({ ...envelope, type, schemaVersion, data })',
    test: 'test/infra/contracts/versions.test.js',
  },
  {
    layer: 'dead letters',
    rule: 'what comes after a failed event of the same stream waits',
    file: 'infra/consumption/intake/take-event.js',
    right: 'if (attempt.quarantined.has(stream))',
    wrong: 'if (false)',
    test: 'test/infra/dead-letters/quarantine.test.js',
  },
  {
    layer: 'lease',
    rule: 'only the holder of the lease writes',
    file: 'infra/sqlite/leased-database.js',
    right: 'lease.assertHeld();',
    wrong: '',
    test: 'test/projections/views-writer.test.js',
  },
  {
    layer: 'rebuilds',
    rule: 'rows that differ are not equal',
    file: 'projections/engine/inspect/compare-tables.js',
    right: 'const equal = hashBefore === hashAfter;',
    wrong: 'const equal = true;',
    test: 'test/projections/rebuild.test.js',
  },
  {
    layer: 'snapshots',
    rule: 'a snapshot of another decider is of no use',
    file: 'infra/commands/kept-states.js',
    right: 'found.decider !== (0, fold_behaviour_1.snapshotFingerprintOf)(aggregate)',
    wrong: 'false',
    test: 'test/infra/commands/snapshots.test.js',
  },
  {
    layer: 'reactors',
    rule: 'a command is issued once',
    file: 'infra/sqlite/process-store/process-rows.js',
    right: 'if (statements.issue.run(process, command.id).changes === 0)',
    wrong: 'if (statements.issue.run(process, command.id).changes > 1)',
    test: 'test/infra/reactors/process-store.test.js',
  },
  {
    layer: 'projections',
    rule: 'a refund is taken off what was paid',
    file: 'projections/fulfilment/sales-by-day.js',
    right: 'add: { paid: -amount }',
    wrong: 'add: { paid: amount }',
    test: 'test/projections/projections.test.js',
  },
  {
    layer: 'api',
    rule: 'a command that changes nothing answers 200',
    file: 'api/http/routes/commands.js',
    right: 'events.length > 0 ? 201 : 200',
    wrong: '201',
    test: 'test/api/commands.test.js',
  },
  {
    layer: 'demonstration',
    rule: 'a refunded payment does not count as paid',
    file: 'api/demo/model.js',
    right: 'paid: isOff(order, inStock) ? 0 : capturedSum(order)',
    wrong: 'paid: capturedSum(order)',
    test: 'test/demo/model.test.js',
  },
];

const build = join(__dirname, '..', '..');

spec('a rule broken on purpose', ({ test, before, after }) => {
  let copy = '';
  before(() => {
    // Beside the build, so that packages are found from there as well.
    copy = mkdtempSync(join(build, '..', 'build-broken-'));
    cpSync(build, copy, { recursive: true, filter: (source) => !/\.(map|tsbuildinfo)$/.test(basename(source)) });
  });
  after(() => rmSync(copy, { recursive: true, force: true }));

  const run = (name: string): number | null =>
    spawnSync(process.execPath, [join(copy, name)], {
      env: { ...process.env, TEST_REPORT_FILE: join(copy, 'report.json') },
      timeout: 60_000,
    }).status;

  for (const { layer, rule, file, right, wrong, test: testFile } of brokenRules) {
    test(
      `turns a test red (${layer}: ${rule})`,
      () => {
        const path = join(copy, file);
        const text = readFileSync(path, 'utf8');
        assert.ok(text.includes(right), `${file} no longer holds '${right}': name the rule anew`);
        writeFileSync(path, text.replace(right, wrong));
        try {
          assert.is(run(testFile), 1, `${testFile} did not notice`);
        } finally {
          writeFileSync(path, text);
        }
      },
      { timeoutMs: 90_000 },
    );
  }
});
