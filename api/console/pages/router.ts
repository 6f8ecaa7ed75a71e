/** Addresses: every page is a plain link, the server answers each with the same page, and the browser's history works. */
import { useEffect, useState } from 'preact/hooks';

const BASE = '/console';
const listeners = new Set<() => void>();

const notify = (): void => {
  for (const listener of listeners) listener();
};

/** Goes to an address of the console. */
export const navigate = (to: string): void => {
  history.pushState(null, '', to);
  notify();
};

/** Changes the query of the present address without a step in the history. */
export const replaceQuery = (query: string): void => {
  history.replaceState(null, '', `${location.pathname}${query}`);
  notify();
};

/** Follows links within the console without loading the page again. */
export const followLinks = (): void => {
  addEventListener('popstate', notify);
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const anchor = event.target instanceof Element ? event.target.closest('a') : null;
    const href = anchor?.getAttribute('href');
    if (href?.startsWith(BASE) !== true || anchor?.hasAttribute('target') === true) return;
    event.preventDefault();
    navigate(href);
  });
};

/** The present place: the decoded parts of the path behind `/console`, and the query. */
export interface Place {
  readonly parts: ReadonlyArray<string>;
  readonly query: URLSearchParams;
}

const placeNow = (): Place => ({
  parts: location.pathname
    .slice(BASE.length)
    .split('/')
    .filter((part) => part !== '')
    .map(decoded),
  query: new URLSearchParams(location.search),
});

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

export const usePlace = (): Place => {
  const [place, setPlace] = useState(placeNow);
  useEffect(() => {
    const listener = (): void => setPlace(placeNow());
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return place;
};

/** An address within the console, with its parts encoded. */
export const to = (...parts: ReadonlyArray<string | number>): string =>
  [BASE, ...parts.map((part) => encodeURIComponent(part))].join('/');
