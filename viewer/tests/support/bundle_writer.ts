// Writes view bundles as cli/write/bundle.h describes them: for the tests, and for looking at the
// viewer without a program to watch.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

export type ColumnType = 'u8' | 'u16' | 'u32' | 'i32' | 'f64';
export type Values = ArrayLike<number>;

export interface Section {
  name: string;
  raw: Uint8Array;
}

const arrays = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, i32: Int32Array, f64: Float64Array };

export function json(name: string, value: unknown): Section {
  return { name: `${name}.json`, raw: Buffer.from(JSON.stringify(value)) };
}

export function columnar(
  name: string,
  columns: [name: string, type: ColumnType, values: Values, enc?: 'shuffle'][],
  extra: Record<string, unknown> = {},
): Section {
  const headers: unknown[] = [];
  const data: Uint8Array[] = [];
  let offset = 0;
  for (const [column, type, values, enc = ''] of columns) {
    const typed = arrays[type].from(values);
    const plain = new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength);
    const bytes = enc === 'shuffle' ? shuffle(plain, typed.length, typed.BYTES_PER_ELEMENT) : plain;
    headers.push({ name: column, type, offset, count: typed.length, enc });
    data.push(bytes, new Uint8Array(-bytes.length & 7));
    offset += (bytes.length + 7) & ~7;
  }
  let header = JSON.stringify({ columns: headers, ...extra });
  header += ' '.repeat(-(4 + Buffer.byteLength(header)) & 7);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(header));
  return { name, raw: Buffer.concat([length, Buffer.from(header), ...data]) };
}

function shuffle(plain: Uint8Array, count: number, size: number): Uint8Array {
  const out = new Uint8Array(plain.length);
  for (let i = 0; i < count; ++i)
    for (let byte = 0; byte < size; ++byte) out[byte * count + i] = plain[i * size + byte]!;
  return out;
}

export function bundleFile(sections: readonly Section[]): Buffer {
  const members = sections.map(({ raw }) => gzipSync(raw));
  let length = 0;
  let directory = Buffer.alloc(0);
  // The offsets stand in the directory whose length they depend on.
  do {
    length = directory.length;
    let offset = 12 + length;
    directory = Buffer.from(JSON.stringify({
      schema: 1,
      sections: sections.map(({ name, raw }, i) => {
        const entry = { name, offset, bytes: members[i]!.length, raw_bytes: raw.length };
        offset += members[i]!.length;
        return entry;
      }),
    }));
  } while (directory.length !== length);
  const head = Buffer.alloc(12);
  head.write('TRKVIEW1');
  head.writeUInt32LE(length, 8);
  return Buffer.concat([head, directory, ...members]);
}

export const viewer_html = new URL('../../dist/viewer.html', import.meta.url);

export function sectionTag({ name, raw }: Section): string {
  const base64 = gzipSync(raw).toString('base64');
  return `<script type="application/octet-stream" id="track-section-${name}" data-raw-bytes="${raw.length}">${base64}</script>\n`;
}

// As `track html` makes it: the static table, the app, the sections.
export function reportHtml(sections: readonly Section[], table = '<p>The static table.</p>'): string {
  const app = readFileSync(viewer_html, 'utf8');
  return app
    .replace('<!--track:static-->', () => `<div id="track-static">${table}</div>`)
    .replace('<!--track:sections-->', () => sections.map(sectionTag).join(''));
}
