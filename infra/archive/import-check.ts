/** Checks of a file during its import: that it is complete, by its trailer, and that the program knows its events. */
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import { lineDigest, readTrailer, type ExportTrailer } from './export-trailer';

export interface ImportCheckOptions {
  /** Accept a file without a trailer, which was written by hand, or by an early release. */
  readonly acceptIncomplete: boolean;
  /** The kind of an event that the program does not know, such as its category; undefined where it knows the event. */
  readonly unknownOf: (event: StoredEvent) => string | undefined;
  readonly allowUnknown: boolean;
}

export interface ImportCheck {
  /** Checks the next line; returns whether it is an event. */
  readonly checkLine: (text: string, line: number) => boolean;
  /** Counts the event of a line. */
  readonly noteEvent: (event: StoredEvent, line: number) => void;
  /** After the last line: compares the lines with the trailer. */
  readonly end: () => { readonly unknown: ReadonlyArray<string>; readonly storeId?: string };
}

type Refuse = (reason: string) => never;

/** Upper limit on the unknown kinds that a message names. */
const DISPLAY_LIMIT = 10;

/** Makes the check of one file. */
export const importCheck = (
  { acceptIncomplete, unknownOf, allowUnknown }: ImportCheckOptions,
  refuse: Refuse,
): ImportCheck => {
  const digest = lineDigest();
  let events = 0;
  let lastPosition = 0;
  let trailer: ExportTrailer | undefined;
  let trailerAt = 0;
  const unknown = new Map<string, { first: number; count: number }>();

  const assertTrailer = (found: ExportTrailer): void => {
    if (found.events !== events || found.lastPosition !== lastPosition)
      refuse(
        `the file is incomplete: its last line says ${found.events} events up to position ${found.lastPosition}, but it has ${events} up to ${lastPosition}`,
      );
    if (found.sha256 !== digest.value())
      refuse(
        'the file was changed after its export: the digest in its last line is not that of the lines before it; export it again',
      );
  };

  return {
    checkLine: (text, line) => {
      if (trailer !== undefined)
        refuse(
          `line ${line}: the export ended in line ${trailerAt}; what comes after it (another file, added lines) is not part of it`,
        );
      const found = readTrailer(text);
      if (typeof found === 'string') refuse(`line ${line}: ${found}`);
      if (found === undefined || typeof found === 'string') {
        digest.add(text);
        return true;
      }
      trailer = found;
      trailerAt = line;
      return false;
    },
    noteEvent: (event, line) => {
      events += 1;
      lastPosition = event.position;
      const what = unknownOf(event);
      if (what === undefined) return;
      const known = unknown.get(what);
      if (known === undefined) unknown.set(what, { first: line, count: 1 });
      else known.count += 1;
    },
    end: () => {
      if (trailer !== undefined) assertTrailer(trailer);
      else if (!acceptIncomplete)
        refuse(
          `the file does not end as an export does (events before its end: ${events}, and no line of type tidemark.export.completed): it was truncated, or is not from 'tidemark export'; --accept-incomplete imports it nevertheless`,
        );
      const kinds = [...unknown].map(
        ([what, { first, count }]) =>
          `${what} (${count} ${count === 1 ? 'event' : 'events'}, the first in line ${first})`,
      );
      if (kinds.length > 0 && !allowUnknown) {
        const more = kinds.length > DISPLAY_LIMIT ? `, and ${kinds.length - DISPLAY_LIMIT} more` : '';
        refuse(
          `this program does not know ${kinds.slice(0, DISPLAY_LIMIT).join(', ')}${more}; --allow-unknown imports such events, which no part of it will read`,
        );
      }
      return { unknown: kinds, ...(trailer?.storeId === undefined ? {} : { storeId: trailer.storeId }) };
    },
  };
};
