/**
 * Holds the pages of a column against the footer: a damaged header can ask for a billion values, or lead back to
 * itself.
 */
import type { AsyncBuffer, ColumnMetaData } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';

/** Bytes read of a page to see its header: statistics of long texts are in it. */
const HEADER_BYTES = 64 << 10;

/**
 * Walks over the headers of a column chunk's pages.
 * @throws Error for a page that holds more values than its column, or whose length cannot be; RangeError for a
 * header that is cut short.
 */
export async function checkPages(buffer: AsyncBuffer, column: ColumnMetaData): Promise<void> {
  const { dictionary_page_offset: dictionary, data_page_offset: data, total_compressed_size: bytes } = column;
  let at = Number(dictionary !== undefined && dictionary > 0n && dictionary < data ? dictionary : data);
  const end = at + Number(bytes);
  const values = Number(column.num_values);
  for (let read = 0; at < end && read < values;) {
    const begin = await buffer.slice(at, Math.min(end, at + HEADER_BYTES, buffer.byteLength));
    const reader = { view: new DataView(begin), offset: 0 };
    const header = parquetHeader(reader);
    const page = header.data_page_header ?? header.data_page_header_v2;
    const count = page?.num_values ?? 0;
    if (!(count >= 0 && count <= values)) throw new Error(`a page has ${count} values, and its column ${values}`);
    const length = reader.offset + header.compressed_page_size;
    if (!(header.compressed_page_size >= 0 && at + length <= end))
      throw new Error('a page is longer than what its column has left, or says nothing of its length');
    read += count;
    at += length;
  }
}
