// Where the sections are: in the page, in a file that was opened, or behind `track serve`.
import { BundleProblem, reason } from './problem.ts';

export interface Packed {
  // One gzip member: its bytes, or its base64. A browser has already unpacked what was fetched.
  data: string | Uint8Array<ArrayBuffer>;
  raw_bytes: number | undefined;
}

export interface Source {
  kind: 'embedded' | 'file' | 'served';
  // Undefined: there is no such section. `plain`: the bytes are unpacked already.
  read(name: string): Promise<{ packed?: Packed; plain?: Uint8Array<ArrayBuffer> } | undefined>;
}

const prefix = 'track-section-';

export function embeddedSource(page: Document): Source | undefined {
  if (!page.querySelector(`script[id^="${prefix}"]`)) return undefined;
  return {
    kind: 'embedded',
    async read(name) {
      const element = page.getElementById(prefix + name);
      if (!element) return undefined;
      const raw_bytes = Number(element.dataset.rawBytes);
      const data = (element.textContent ?? '').trim();
      return { packed: { data, raw_bytes: Number.isSafeInteger(raw_bytes) ? raw_bytes : undefined } };
    },
  };
}

const magic = 'TRKVIEW1';

interface Directory {
  schema: number;
  sections: { name: string; offset: number; bytes: number; raw_bytes: number }[];
}

export async function fileSource(file: Blob): Promise<Source> {
  const start = new Uint8Array(await file.slice(0, 12).arrayBuffer());
  if (start.length < 12 || new TextDecoder().decode(start.subarray(0, 8)) !== magic)
    throw new BundleProblem('This is no view bundle (it does not begin with TRKVIEW1). Make one with `track html`.');
  const length = new DataView(start.buffer).getUint32(8, true);
  let directory: Directory;
  try {
    directory = JSON.parse(await file.slice(12, 12 + length).text()) as Directory;
    if (!Array.isArray(directory.sections)) throw new Error('no sections');
  } catch (error) {
    throw new BundleProblem(`The file's directory is cut off or damaged (${reason(error)}).`);
  }
  return {
    kind: 'file',
    async read(name) {
      const entry = directory.sections.find((section) => section.name === name);
      if (!entry) return undefined;
      if (entry.offset + entry.bytes > file.size) throw new BundleProblem('the file is cut off before its end');
      const data = new Uint8Array(await file.slice(entry.offset, entry.offset + entry.bytes).arrayBuffer());
      return { packed: { data, raw_bytes: entry.raw_bytes } };
    },
  };
}

export interface Server {
  target: string;
  url(path: string): string;
  // The query of the page of another target.
  page(target: string): string;
}

export function servedSource(server: Server): Source {
  return {
    kind: 'served',
    async read(name) {
      let reply: Response;
      try {
        reply = await fetch(server.url(`api/section/${encodeURIComponent(name)}`));
      } catch {
        throw new BundleProblem('`track serve` does not answer; is it still running?');
      }
      if (reply.status === 404) return undefined;
      if (!reply.ok) throw new BundleProblem(`\`track serve\` answered ${reply.status}: ${await reply.text()}`);
      // The content encoding is the browser's business: these bytes are plain.
      return { plain: new Uint8Array(await reply.arrayBuffer()) };
    },
  };
}

// Undefined outside of served mode.
export function findServer(page: Document, place: Location): Server | undefined {
  if (page.querySelector('meta[name="track-mode"]')?.getAttribute('content') !== 'served') return undefined;
  const given = new URLSearchParams(place.search);
  const token = given.get('token') ?? '';
  const target = given.get('target') ?? '';
  return {
    target,
    url: (path) => `${path}?${new URLSearchParams({ token, ...(target && { target }) })}`,
    page: (other) => new URLSearchParams({ token, target: other }).toString(),
  };
}
