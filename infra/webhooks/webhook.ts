/**
 * A webhook as an effect: each event is posted as JSON, signed after Standard Webhooks 1.0 (https://www.standardwebhooks.com),
 * with the idempotency key as `webhook-id`, so that the receiver recognises a repeated delivery.
 */
import { createHmac } from 'node:crypto';
import * as t from 'io-ts';
import { InvalidDeclaration } from '../../domain/kernel/declarations';
import {
  declined,
  defineEffect,
  done,
  EffectUnavailable,
  type Effect,
  type EffectCall,
  type EffectOutcome,
  type EffectPolicy,
  type StartFrom,
} from '../../domain/kernel/effect';
import type { AnyEventDefinition, DomainEvent } from '../../domain/kernel/event-definition';
import type { RecordedEvent } from '../../domain/kernel/recorded-event';
import { systemClock, type Clock } from '../clock';
import { postWebhook, WebhookRefused, type WebhookResponse } from './post-webhook';

/** What a webhook delivers to, and with which secret. */
export interface WebhookTarget {
  /** `https://...`, or `http://...` where private addresses are allowed. */
  readonly url: string;
  /** `whsec_` and the base64 text of 24 to 64 bytes. */
  readonly secret: string;
  /** Private, local and reserved addresses are refused unless this is set. */
  readonly allowPrivateAddresses?: boolean;
}

type Definition = AnyEventDefinition & { readonly of: (data: never) => DomainEvent };

export interface WebhookDefinition extends Partial<EffectPolicy> {
  readonly name: string;
  readonly meaning: string;
  readonly owner: string;
  readonly handles: ReadonlyArray<Definition>;
  readonly target: WebhookTarget;
  /** The body's `data`; by default the payload of the event. Pure. */
  readonly payload?: (event: RecordedEvent) => unknown;
  readonly startFrom?: StartFrom;
  readonly clock?: Pick<Clock, 'nowMs'>;
}

const WebhookResult = t.strict({ status: t.number });
type WebhookResult = t.TypeOf<typeof WebhookResult>;

/** Declares a webhook. Throws InvalidDeclaration for an invalid URL or secret. */
export const defineWebhook = (definition: WebhookDefinition): Effect => {
  const { target, payload = ({ data }: RecordedEvent) => data, clock = systemClock, ...effect } = definition;
  const url = targetUrl(effect.name, target);
  const key = secretKey(effect.name, target.secret);
  const deliver = async ({
    event,
    idempotencyKey,
    signal,
  }: Pick<EffectCall<RecordedEvent, unknown>, 'event' | 'idempotencyKey' | 'signal'>): Promise<
    EffectOutcome<WebhookResult>
  > => {
    const body = JSON.stringify({ type: event.type, timestamp: event.recordedAt, data: payload(event) });
    const timestamp = String(Math.floor(clock.nowMs() / 1_000));
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'tidemark-webhook',
      'webhook-id': idempotencyKey,
      'webhook-timestamp': timestamp,
      'webhook-signature': webhookSignature(key, idempotencyKey, timestamp, body),
    };
    const { allowPrivateAddresses = false } = target;
    return outcomeOf(url, await postWebhook({ url, headers, body, signal, allowPrivateAddresses }), clock);
  };
  return defineEffect({ ...effect, result: WebhookResult, perform: deliver });
};

/** The value of `webhook-signature`: version 1, HMAC-SHA256 of id, timestamp and body. */
export const webhookSignature = (key: Buffer, id: string, timestamp: string, body: string): string =>
  `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;

const GONE = 410;

const outcomeOf = (
  url: URL,
  { status, retryAfter, text }: WebhookResponse,
  clock: Pick<Clock, 'nowMs'>,
): EffectOutcome<WebhookResult> => {
  if (status >= 200 && status < 300) return done({ status });
  // The receiver says that it never wants this again.
  if (status === GONE) return declined('ReceiverGone', `${url.host} answered 410: ${text}`);
  const reason = `${url.host} answered ${status}: ${text}`;
  if (status >= 300 && status < 400)
    throw new WebhookRefused(`${reason}; redirects are not followed: set the final URL`);
  throw new EffectUnavailable(reason, retryAfterMs(retryAfter, clock.nowMs()));
};

const MAX_RETRY_AFTER_MS = 3_600_000;

const retryAfterMs = (value: string | undefined, nowMs: number): number | undefined => {
  if (value === undefined) return undefined;
  const waitMs = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(0, waitMs), MAX_RETRY_AFTER_MS);
};

const targetUrl = (name: string, { url, allowPrivateAddresses = false }: WebhookTarget): URL => {
  const allowed = allowPrivateAddresses ? ['https:', 'http:'] : ['https:'];
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && allowed.includes(parsed.protocol) && parsed.username === '' && parsed.password === '') {
    return parsed;
  }
  throw new InvalidDeclaration(
    `the webhook ${name} has the URL '${url}'; it takes ${allowed.map((each) => `${each}//`).join(' or ')} without a user or password` +
      (allowPrivateAddresses ? '' : ' (http:// only where private addresses are allowed)'),
  );
};

const secretKey = (name: string, secret: string): Buffer => {
  const [, encoded = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  const key = Buffer.from(encoded, 'base64');
  if (key.length >= 24 && key.length <= 64) return key;
  throw new InvalidDeclaration(
    `the webhook ${name} has an invalid secret; it takes 'whsec_' and the base64 text of 24 to 64 random bytes (openssl rand -base64 32)`,
  );
};
