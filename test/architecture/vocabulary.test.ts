/** The words: one for each idea. What stands here is not used any more, each with what is used instead; see docs/glossary.md. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { spec } from '../spec';

const root = join(__dirname, '..', '..', '..');

const sources = ['domain', 'infra', 'projections', 'api']
  .flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).map((name) => join(room, name)),
  )
  .filter((name) => name.endsWith('.ts'));
const documents = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => join('docs', name))].filter((name) =>
  name.endsWith('.md'),
);

/** Names in code. */
const bannedNames: ReadonlyArray<readonly [banned: RegExp, replacement: string]> = [
  [/\b(MOST|LONGEST)_[A-Z]/, 'MAX_'],
  [/\bLEAST_[A-Z]/, 'MIN_'],
  [/\bSHOWN_[A-Z]/, 'DISPLAY_LIMIT'],
  [/\b[Ff]ailureDesk|\bFailureStore\b|\bFailureDirectory\b/, 'dead letters, operator requests'],
  [/\bLetterHead\b|\bLetterPage\b|\bLetterFilter\b|\bLetterStatus\b/, 'DeadLetter...'],
  [/\b[Aa]rrivalOf\b|\bUnreadEvent\b/, 'IncomingEvent, RawEvent'],
  [/\b[Pp]atientApplication\b/, 'RetryingApplication'],
  [/\bEventNotNow\b/, 'TransientEventError'],
  [/\bHeapGeneration\b|\bheapTable\b/, 'InMemoryGeneration, inMemoryTable'],
  [/\bServedBuilds\b|\bShadowBuilds\b|\bprojectionBuilds\b/, 'generation: served, previous, candidate'],
  [/\bRebuildOrder\b|\bStorePageOrder\b/, 'RebuildSpec, StorePageQuery: an order is what a customer places'],
  [/\bSurroundings\b|\bRebuildGround\b|\bViewsParts\b/, 'IntakeDependencies, RebuildContext, WriterContext'],
  [/\bkeptHeaders\b|\bheadersKept\b/, 'encodeHeaders, decodeHeaders'],
  [/\bKeptStates\b/, 'CachedStates'],
  [/\bProcessLedger\b/, 'ProcessStore'],
  [/\btellingValues\b/, 'sampleValues'],
  [/\bHeldPartitions\b/, 'BlockedPartitions'],
  [/\b(const|let) deed\b|: Deed\b/, 'AuditContext'],
  [/\b(begin|drop|raise|apply\w*To)Shadows?\b|\bformerConsumer\b/, 'generation: served, previous, candidate'],
  [/\bMOMENT\b|\bmomentOf\b/, 'POINT_IN_TIME, parsePointInTime'],
  [/\bsnapshotMarkOf\b/, 'snapshotFingerprintOf'],
  [/\bcheckedBy\b/, 'validate'],
  [/\brunMates\b|\bmatesOf\b|\bmoveAsked\b/, 'runWithRetry, samePass, executeOffsetRequests'],
  [/\bTwoDigests\b/, 'PairedHashes'],
  [/\bturnPage\b|_PER_TURN\b/, 'nextPage, _PER_TICK'],
  [/\breplaceMemory\b|\bcountAnew\b/, 'replaceDetailRows, recomputeContribution'],
  [/\brefuseIncomplete\w*|\brefuseOtherTopics\b|\brefuseShortLog\b/, 'assertX throws'],
  [/\braiseEach\b|\bcaughtUpTo\b/, 'advanceHighWater'],
  [/\bhasSetAsideUpTo\b|\bset(Event|Record)Aside\b/, 'hasDeadLettersUpTo, deadLetterEvent, deadLetterRecord'],
  [/\bnewlyClosed\b|\bheadOf\b|\bopenable\b/, 'newlyQuarantined, firstOf, withResolvedFirst'],
  [/\b(read)?OffsetOrder\b|\boffsetDecision\b/, 'OffsetMoveRequest, planOffsetMove'],
  [/\bbeginAnew\b|\bwatchPlace\b/, 'restartOnReplacedFile, watchFile'],
  [/\bReactorParts\b|\battendToFailures\b/, 'ReactorContext, processReactorRequests'],
  [/\blearn(Event|Outcome|Deadlines?|Due)\b|\bunparkAll\b/, 'applyEvent, applyOutcome, applyDeadline, resumeAll'],
  [/\bLane\b|\bpatientRecord\b|\bwrittenDown\b/, 'ClaimedQueue, retryingRecord, writeWithRetry'],
  [/\btakeUpRoutable\b|\blookingAround\b|\bsaveWhatCanBe\b/, 'resumeRoutable, periodicWork, saveIfPossible'],
  [/\btakeApart\b|\bgoOver\b|progress\.become\b/, 'applyEachPartition, switchToLog, setState'],
  [/\bPartitionBounds\b|\b[aA]skBounds\b/, 'PartitionWatermarks, readWatermarks'],
  [/\b[tT]akenIn\w*|\barrivalsFrom\w+|\bArrivals?\b/, 'ReceivedEvents, itemsFromLog, BatchItem'],
  [/\bHoldingOptions\b|\bRelayPlace\b|\bRememberedResponse\b/, 'BlockingOptions, TopicPartition, Response'],
];

/** Phrases in comments, messages and documents. */
const bannedPhrases: ReadonlyArray<readonly [banned: RegExp, replacement: string]> = [
  [/\b[Cc]an not\b/, 'cannot'],
  [/\bgives? birth|\bnot born\b|\bare born\b|\bsince (its|the file's) birth\b/, 'is created'],
  [/\bgone on with\b/, 'is resumed, is reused'],
  [/\bat a doubt\b/, 'when in doubt'],
  [/\bcame to nothing\b/, 'could not be processed'],
  [/\bfor a person\b|\ba person has to look\b/, 'for an operator'],
  [/\bin the order of a life\b/, 'in lifecycle order'],
  [/\bis no CloudEvent\b/, 'is not a CloudEvent'],
  [/\btried on, seldom\b/, 'still being retried, rarely'],
  [/\bin turns\b/, 'in bounded pages'],
  [/\bis tried on: /, 'is still being retried'],
  [/\bhas gone over to\b/, 'has switched to'],
  [/\bneed a look\b/, 'needs attention'],
  [/\bhas not gone through since\b/, 'has been blocked since'],
  [/Something is broken in here|There is nothing here|Too much waits already/, 'Internal error, Not found, Overloaded'],
];

const found = (files: ReadonlyArray<string>, banned: RegExp): ReadonlyArray<string> =>
  files.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => (banned.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );

spec('the vocabulary', ({ test }) => {
  for (const [banned, replacement] of bannedNames) {
    test(`says ${replacement} instead of ${banned.source}`, () => {
      assert.equal(found(sources, banned), []);
    });
  }
  for (const [banned, replacement] of bannedPhrases) {
    test(`says '${replacement}' instead of ${banned.source}`, () => {
      assert.equal(found([...sources, ...documents.filter((name) => name !== 'docs/glossary.md')], banned), []);
    });
  }
});
