/** Numbers and times as people read them. */
import { nowMs } from './clock';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const precise = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** An integer with separators. */
export const count = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : whole.format(value);

/** With a noun: `1 event`, `3 events`. */
export const counted = (value: number, noun: string, plural = `${noun}s`): string =>
  `${count(value)} ${value === 1 ? noun : plural}`;

/** A duration in the two largest units. */
export const duration = (seconds: number | null | undefined): string => {
  if (seconds === null || seconds === undefined) return '–';
  if (seconds < 10) return `${precise.format(seconds)} s`;
  if (seconds < 120) return `${whole.format(seconds)} s`;
  if (seconds < 7_200)
    return `${whole.format(Math.floor(seconds / 60))} min ${whole.format(Math.floor(seconds % 60))} s`;
  const hours = Math.floor(seconds / 3_600);
  return hours < 48
    ? `${hours} h ${Math.floor((seconds % 3_600) / 60)} min`
    : `${Math.floor(hours / 24)} d ${hours % 24} h`;
};

/** Events a second. */
export const rate = (perSecond: number | null): string =>
  perSecond === null ? '–' : `${(perSecond < 10 ? precise : whole).format(perSecond)}/s`;

/** How long ago an instant is. */
export const ago = (iso: string | null): string => {
  if (iso === null) return '–';
  const seconds = (nowMs() - Date.parse(iso)) / 1_000;
  return seconds < 1 ? 'now' : `${duration(Math.floor(seconds))} ago`;
};

/** An instant as it is recorded, without the fraction. */
export const instant = (iso: string | null): string =>
  iso === null ? '–' : iso.replace('T', ' ').replace(/\.\d+Z$/, 'Z');

/** Any value as text, texts without quotation marks. */
export const shown = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined || value === null ? '–' : JSON.stringify(value);

/** JSON with indentation. */
export const pretty = (value: unknown): string => JSON.stringify(value, null, 2);
