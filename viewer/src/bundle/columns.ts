// The columnar sections: a JSON header that names typed arrays, then their data. Every number in the
// header is checked against what is there before a view is made of it.
import { BundleProblem } from './problem.ts';

export type Column = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;
type Kind = 'u8' | 'u16' | 'u32' | 'i32' | 'f64';

const width: Record<Kind, number> = { u8: 1, u16: 2, u32: 4, i32: 4, f64: 8 };

interface ColumnHeader {
  name: string;
  type: Kind;
  offset: number;
  count: number;
  enc?: string;
}

export interface Columns {
  // What the header says beside its columns.
  extra: Record<string, unknown>;
  columns: Record<string, Column>;
}

export function column<T extends Column>(
  from: Columns,
  name: string,
  type: { new (length: number): T; name: string },
): T {
  const found = from.columns[name];
  if (!(found instanceof type))
    throw new BundleProblem(`column "${name}" (${type.name}) is missing`);
  return found;
}

export function decodeColumns(bytes: Uint8Array<ArrayBuffer>): Columns {
  if (bytes.length < 4) throw new BundleProblem('it is too short to have a header');
  const header_bytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const data = 4 + header_bytes;
  if (data > bytes.length) throw new BundleProblem('its header is cut off');
  const { columns: list, ...extra } = parseHeader(bytes.subarray(4, data));
  const columns: Record<string, Column> = {};
  for (const entry of list) columns[entry.name] = decode(bytes, data, entry);
  return { extra, columns };
}

function parseHeader(bytes: Uint8Array): { columns: ColumnHeader[] } & Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new BundleProblem('its header is not JSON');
  }
  if (!header || typeof header !== 'object' || !Array.isArray((header as { columns?: unknown }).columns))
    throw new BundleProblem('its header names no columns');
  return header as { columns: ColumnHeader[] };
}

function decode(bytes: Uint8Array<ArrayBuffer>, data: number, entry: ColumnHeader): Column {
  const { name, type, offset, count } = entry;
  const size = width[type];
  const sound = (n: unknown) => Number.isSafeInteger(n) && (n as number) >= 0;
  if (typeof name !== 'string' || !size || !sound(offset) || !sound(count))
    throw new BundleProblem(`its header describes column "${String(name)}" wrongly`);
  const length = count * size;
  if (data + offset + length > bytes.length) throw new BundleProblem(`column "${name}" is cut off`);
  // A copy: aligned whatever the offset, and the section's buffer can be let go.
  const stored = bytes.slice(data + offset, data + offset + length);
  const plain = entry.enc === 'shuffle' && size > 1 ? unshuffle(stored, count, size) : stored;
  const buffer = plain.buffer;
  if (type === 'u8') return plain;
  if (type === 'u16') return new Uint16Array(buffer);
  if (type === 'u32') return new Uint32Array(buffer);
  return type === 'i32' ? new Int32Array(buffer) : new Float64Array(buffer);
}

// Shuffled: all lowest bytes first, then all second bytes, and so on.
function unshuffle(stored: Uint8Array, count: number, size: number): Uint8Array<ArrayBuffer> {
  const plain = new Uint8Array(count * size);
  for (let byte = 0; byte < size; ++byte)
    for (let i = 0, from = byte * count, to = byte; i < count; ++i, ++from, to += size)
      plain[to] = stored[from]!;
  return plain;
}
