/** The conversations by which a client logs in: PLAIN (RFC 4616), SCRAM (RFC 5802, 7677), OAUTHBEARER (RFC 7628). */
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { SaslLogin } from './broker-security';

/** Sends one message of the conversation and answers the broker's; rejects where that is a refusal. */
export type SaslExchange = (message: Buffer) => Promise<Buffer>;

/** Runs the conversation to its end. */
export const saslLogin = async (login: SaslLogin, exchange: SaslExchange): Promise<void> => {
  switch (login.mechanism) {
    case 'PLAIN':
      await exchange(Buffer.from(`\0${login.username}\0${login.password}`));
      return;
    case 'OAUTHBEARER':
      await exchange(Buffer.from(`n,,\x01auth=Bearer ${await login.token()}\x01\x01`));
      return;
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-512':
      await scram(login, login.mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512', exchange);
  }
};

/** A broker that asks for more rounds than this wants to keep the client busy. */
const MAX_ITERATIONS = 1_000_000;

const scram = async (
  { username, password }: { readonly username: string; readonly password: string },
  hash: 'sha256' | 'sha512',
  exchange: SaslExchange,
): Promise<void> => {
  const nonce = randomBytes(24).toString('base64url');
  const firstBare = `n=${username.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;
  const first = (await exchange(Buffer.from(`n,,${firstBare}`))).toString('utf8');
  const salt = Buffer.from(attribute(first, 's'), 'base64');
  const iterations = Number(attribute(first, 'i'));
  const both = attribute(first, 'r');
  if (!both.startsWith(nonce) || !(iterations > 0 && iterations <= MAX_ITERATIONS)) {
    throw new Error('the broker has answered another login than this one');
  }
  const digest = createHash(hash);
  const salted = await promisify(pbkdf2)(
    password.normalize('NFKC'),
    salt,
    iterations,
    hash === 'sha256' ? 32 : 64,
    hash,
  );
  const clientKey = createHmac(hash, salted).update('Client Key').digest();
  const lastBare = `c=biws,r=${both}`;
  const exchanged = `${firstBare},${first},${lastBare}`;
  const signature = createHmac(hash, digest.update(clientKey).digest()).update(exchanged).digest();
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0))).toString('base64');
  const last = (await exchange(Buffer.from(`${lastBare},p=${proof}`))).toString('utf8');
  const expected = createHmac(hash, createHmac(hash, salted).update('Server Key').digest()).update(exchanged).digest();
  const shown = Buffer.from(attribute(last, 'v'), 'base64');
  if (shown.length !== expected.length || !timingSafeEqual(shown, expected)) {
    throw new Error('the broker does not know the password that it was to prove');
  }
};

const attribute = (message: string, name: string): string => {
  const found = message.split(',').find((part) => part.startsWith(`${name}=`));
  if (found === undefined) throw new Error(`the broker's answer has no ${name}`);
  return found.slice(2);
};
