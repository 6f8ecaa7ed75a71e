/** Bodies are JSON or refused; what is not JSON is refused with the place where it stops being it. */
import type { FastifyInstance } from 'fastify';
import { whereNotJson } from './json-position';
import { problem, ProblemError } from './problem';

/** Takes `application/json` only. An empty body is left undefined: whether that will do is the route's to say. */
export const takeJsonOnly = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
    // `parseAs` has made it a string.
    const parsed = parse(text as string);
    if (parsed instanceof ProblemError) done(parsed);
    else done(null, parsed.value);
  });
};

const parse = (text: string): { readonly value: unknown } | ProblemError => {
  if (text === '') return { value: undefined };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    const { line, column } = whereNotJson(text);
    const detail = `The body stops being JSON at line ${line}, column ${column}.`;
    const errors = [{ path: '/', message: `is not JSON from line ${line}, column ${column} on` }];
    return new ProblemError(problem('body-not-json', detail, { extensions: { errors } }));
  }
};
