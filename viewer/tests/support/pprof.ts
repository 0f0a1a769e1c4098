// Profiles as `go tool pprof` reads and prints them: the other opinion about what a picture says.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

export interface PprofSample {
  functions: string[]; // root first
  value: number;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

const number = (field: number, value: number) => [...varint(field * 8), ...varint(value)];
const bytes = (field: number, value: ArrayLike<number>) => [...varint(field * 8 + 2), ...varint(value.length), ...Array.from(value)];

// profile.proto, only what -top needs: a location and a function for each name.
export function encodePprof(samples: readonly PprofSample[], type: string, unit: string): Buffer {
  const strings = ['', type, unit];
  const ids = new Map<string, number>();
  for (const { functions } of samples) for (const name of functions) if (!ids.has(name)) ids.set(name, strings.push(name) - 1);
  const out = [...bytes(1, [...number(1, 1), ...number(2, 2)])];
  for (const { functions, value } of samples)
    out.push(...bytes(2, [...bytes(1, [...functions].reverse().flatMap((name) => varint(ids.get(name)!))), ...bytes(2, varint(value))]));
  for (const id of ids.values()) out.push(...bytes(4, [...number(1, id), ...bytes(4, number(1, id))]), ...bytes(5, [...number(1, id), ...number(2, id)]));
  for (const text of strings) out.push(...bytes(6, Buffer.from(text)));
  return gzipSync(Buffer.from(out));
}

export interface PprofRow {
  flat: number;
  cum: number;
}

// By function, as `go tool pprof -top` prints it. Values have to be counts: other units are rounded.
export function pprofTop(file: string): Map<string, PprofRow> {
  const text = execFileSync('go', ['tool', 'pprof', '-top', '-nodecount=0', '-nodefraction=0', '-edgefraction=0', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const rows = new Map<string, PprofRow>();
  for (const line of text.split('\n')) {
    const found = /^\s*(-?[\d.]+)\s+-?[\d.]+%\s+-?[\d.]+%\s+(-?[\d.]+)\s+-?[\d.]+%\s+(.*)$/.exec(line);
    if (found) rows.set(found[3]!, { flat: Number(found[1]), cum: Number(found[2]) });
  }
  return rows;
}

export function withPprof<T>(profile: Buffer, use: (file: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'pprof-'));
  try {
    const file = join(folder, 'profile.pb.gz');
    writeFileSync(file, profile);
    return use(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
