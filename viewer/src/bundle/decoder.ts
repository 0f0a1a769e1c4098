// Small sections are decoded here, big ones in a worker; where a browser refuses workers, all here.
import { type Columns, decodeColumns } from './columns.ts';
import type { DecodeJob } from './decoder.worker.ts';
import program from './decoder.worker.ts?packed';
import { fromBase64, gunzip } from './gunzip.ts';
import { startWorker } from './packed_worker.ts';
import { BundleProblem } from './problem.ts';
import type { Packed } from './source.ts';

// Below this, starting and asking a worker costs more than it saves.
const big = 128 * 1024;

interface Waiting {
  job: DecodeJob;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

let worker: Promise<Worker | null> | undefined;
let last_id = 0;
const waiting = new Map<number, Waiting>();

export async function decodeBytes(packed: Packed): Promise<Uint8Array<ArrayBuffer>> {
  return (await decode(packed, false)) as Uint8Array<ArrayBuffer>;
}

export async function decodeColumnar(packed: Packed): Promise<Columns> {
  return (await decode(packed, true)) as Columns;
}

async function decode({ data, raw_bytes }: Packed, columnar: boolean): Promise<unknown> {
  const job: DecodeJob = { id: ++last_id, packed: data, raw_bytes, columnar };
  const beside = data.length < big ? null : await (worker ??= start());
  if (!beside) return decodeHere(job);
  return new Promise((resolve, reject) => {
    waiting.set(job.id, { job, resolve, reject });
    beside.postMessage(job);
  });
}

async function decodeHere(job: DecodeJob): Promise<unknown> {
  const packed = typeof job.packed === 'string' ? fromBase64(job.packed) : job.packed;
  const bytes = await gunzip(packed, job.raw_bytes);
  return job.columnar ? decodeColumns(bytes) : bytes;
}

async function start(): Promise<Worker | null> {
  let started: Worker;
  try {
    started = await startWorker(program);
  } catch {
    return null;
  }
  started.onmessage = ({ data }: MessageEvent<{ id: number; value?: unknown; error?: string }>) => {
    const one = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error === undefined) one?.resolve(data.value);
    else one?.reject(new BundleProblem(data.error));
  };
  started.onerror = () => {
    worker = Promise.resolve(null);
    for (const { job, resolve, reject } of waiting.values()) decodeHere(job).then(resolve, reject);
    waiting.clear();
  };
  return started;
}
