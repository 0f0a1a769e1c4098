// Decodes big sections beside the page, so that it stays fluent: base64 or gzip in, bytes or columns
// out, their buffers handed over and not copied.
import { decodeColumns } from './columns.ts';
import { fromBase64, gunzip } from './gunzip.ts';
import { reason } from './problem.ts';

export interface DecodeJob {
  id: number;
  packed: string | Uint8Array<ArrayBuffer>;
  raw_bytes: number | undefined;
  columnar: boolean;
}

const worker = self as unknown as {
  onmessage: (event: MessageEvent<DecodeJob>) => void;
  postMessage(message: unknown, transfer?: Transferable[]): void;
};

worker.onmessage = async ({ data: job }) => {
  try {
    const packed = typeof job.packed === 'string' ? fromBase64(job.packed) : job.packed;
    const bytes = await gunzip(packed, job.raw_bytes);
    if (!job.columnar) return worker.postMessage({ id: job.id, value: bytes }, [bytes.buffer]);
    const value = decodeColumns(bytes);
    const buffers = Object.values(value.columns).map((one) => one.buffer as ArrayBuffer);
    worker.postMessage({ id: job.id, value }, [...new Set(buffers)]);
  } catch (error) {
    worker.postMessage({ id: job.id, error: reason(error) });
  }
};
