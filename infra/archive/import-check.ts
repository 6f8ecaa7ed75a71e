/** What is held against a file while it is read: that it is whole, as its trailer says, and that its events are known. */
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import { lineDigest, readTrailer, type ExportTrailer } from './export-trailer';

export interface ImportCheckOptions {
  /** Takes a file without a trailer: one that was made by hand, or by a release before there were trailers. */
  readonly acceptIncomplete: boolean;
  /** What the program does not know of an event, such as its category; undefined where it knows it. */
  readonly unknownOf: (event: StoredEvent) => string | undefined;
  readonly allowUnknown: boolean;
}

export interface ImportCheck {
  /** Takes a line; returns whether it is an event's. */
  readonly isEventLine: (text: string, line: number) => boolean;
  /** Takes the event of a line. */
  readonly seen: (event: StoredEvent, line: number) => void;
  /** After the last line: compares the lines with what the trailer says of them. */
  readonly end: () => { readonly unknown: ReadonlyArray<string>; readonly storeId?: string };
}

type Refuse = (reason: string) => never;

/** Upper limit on the unknown kinds that a message names. */
const DISPLAY_LIMIT = 10;

/** Begins the check of one file. */
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
        `the file is not whole: its last line says ${found.events} events up to position ${found.lastPosition}, and before it stand ${events} up to ${lastPosition}`,
      );
    if (found.sha256 !== digest.value())
      refuse(
        'the file is not as it was exported: the digest in its last line is not that of the lines before it; export it again',
      );
  };

  return {
    isEventLine: (text, line) => {
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
    seen: (event, line) => {
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
          `the file does not end as an export does (events before its end: ${events}, and no line of type tidemark.export.completed): it was cut, or is not of 'tidemark export'; --accept-incomplete takes it as it is`,
        );
      const kinds = [...unknown].map(
        ([what, { first, count }]) =>
          `${what} (${count} ${count === 1 ? 'event' : 'events'}, the first in line ${first})`,
      );
      if (kinds.length > 0 && !allowUnknown) {
        const more = kinds.length > DISPLAY_LIMIT ? `, and ${kinds.length - DISPLAY_LIMIT} more` : '';
        refuse(
          `this program does not know ${kinds.slice(0, DISPLAY_LIMIT).join(', ')}${more}; --allow-unknown takes such events, which no part of it will read`,
        );
      }
      return { unknown: kinds, ...(trailer?.storeId === undefined ? {} : { storeId: trailer.storeId }) };
    },
  };
};
