/** The endpoints of an operator's session in a browser. They serve the console only, and are not part of the document. */
import * as t from 'io-ts';
import { constrained, field, orNull, record } from '../../domain/kernel/codec';
import { answer, endpoint, Nothing } from '../http/endpoint';

const MAX_KEY_LENGTH = 512;

const Key = constrained(
  'API key',
  (value): value is string => typeof value === 'string' && value !== '' && value.length <= MAX_KEY_LENGTH,
  { type: 'string', minLength: 1, maxLength: MAX_KEY_LENGTH },
);

const Session = record('session', {
  required: field(t.boolean, 'Whether this installation has keys.'),
  name: field(orNull(t.string), 'Who is logged in; null: nobody.'),
});

/** Shows who is logged in. */
export const session = endpoint({
  access: 'open',
  operationId: 'session',
  summary: 'Who is logged in.',
  answers: { 200: answer('The session.', Session) },
  problems: [],
});

/** Begins a session. */
export const login = endpoint({
  access: 'open',
  operationId: 'login',
  summary: 'Exchanges the key of an operator for a cookie.',
  body: record('login', { key: field(Key, 'The key.') }),
  answers: { 200: answer('The session.', Session) },
  problems: ['unauthenticated', 'body-not-json', 'invalid-body', 'unsupported-media-type'],
});

/** Ends a session. */
export const logout = endpoint({
  access: 'open',
  operationId: 'logout',
  summary: 'Ends the session.',
  body: Nothing,
  answers: { 200: answer('The session.', Session) },
  problems: [],
});
