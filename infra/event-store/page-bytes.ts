/** The limit on the bytes of a page. */

/** The first of the rows whose payloads fit, but always one. Reads no further than the bytes allow: a cursor is closed. */
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
