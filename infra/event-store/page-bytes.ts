/** The limit on the bytes of a page. */

/** Returns the first rows whose payloads fit, but at least one. Stops reading at the limit, and closes the cursor. */
export const withinBytes = <Row>(
  rows: Iterable<Row>,
  maxBytes: number,
  payloadOf: (row: Row) => string,
): ReadonlyArray<Row> => {
  const page: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    bytes += Buffer.byteLength(payloadOf(row));
    if (page.length > 0 && bytes > maxBytes) break;
    page.push(row);
    if (bytes >= maxBytes) break;
  }
  return page;
};
