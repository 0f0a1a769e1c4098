// Starts a worker from the page itself: its program is packed (vite.config.ts) until it is needed.
import { fromBase64, gunzip } from './gunzip.ts';

export async function startWorker(packed: string): Promise<Worker> {
  const program = await gunzip(fromBase64(packed), undefined);
  // The page's few workers live as long as it does, and so do their addresses.
  return new Worker(URL.createObjectURL(new Blob([program], { type: 'text/javascript' })));
}
