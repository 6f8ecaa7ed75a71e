/**
 * Parses times written as text: in an operator's option, a parameter, an attribute of an event, a date of a contract.
 * `Date.parse` alone treats a text without a zone as local time, whose meaning depends on the machine, and turns
 * 30 February into a day of March.
 */

const TIME = /^(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(?:Z|[+-](\d{2}):(\d{2}))$/;

/** How messages describe a valid time. */
export const TIME_WITH_ZONE =
  'time with its zone (ISO 8601, such as 2026-11-24T12:00:00Z or 2026-11-24T13:00:00+01:00, a day of the calendar)';

const MAX_ZONE_HOURS = 14;

/** Milliseconds since 1970 of a time that states its zone and is in the calendar; undefined for any other text. */
export const timeMsOf = (text: string): number | undefined => {
  const [, day, hours, minutes, seconds, zoneHours, zoneMinutes] = TIME.exec(text) ?? [];
  if (day === undefined || !isCalendarDay(day)) return undefined;
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds ?? 0) > 59) return undefined;
  if (Number(zoneHours ?? 0) > MAX_ZONE_HOURS || Number(zoneMinutes ?? 0) > 59) return undefined;
  const timeMs = Date.parse(text);
  return Number.isNaN(timeMs) ? undefined : timeMs;
};

/** A point in the store's history: a position, or a recording time. */
export type PointInTime = { readonly position: number } | { readonly timeMs: number };

/** Parses a position or a time; undefined for a text that is neither. */
export const parsePointInTime = (text: string): PointInTime | undefined => {
  if (/^\d{1,15}$/.test(text)) return { position: Number(text) };
  const timeMs = timeMsOf(text);
  return timeMs === undefined ? undefined : { timeMs };
};

/** How messages describe a valid point in time. */
export const POINT_IN_TIME = `position or a ${TIME_WITH_ZONE}`;

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;
const DAYS_OF_MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether a text is a day of the calendar, such as `2026-11-24`. */
export const isCalendarDay = (text: string): boolean => {
  const [, year = '', month = '', day = ''] = DAY.exec(text) ?? [];
  return year !== '' && Number(day) >= 1 && Number(day) <= daysOf(Number(year), Number(month));
};

/** The number of days of a month (1 is January); 0 where there is no such month. */
export const daysOf = (year: number, month: number): number => {
  const isLeapYear = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && isLeapYear ? 29 : (DAYS_OF_MONTHS[month - 1] ?? 0);
};
