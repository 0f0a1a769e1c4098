// Asks the layout worker; only the newest question is answered.
import type { Layout, LayoutJob } from './laid_out.ts';
import packed from './layout.worker.ts?packed';
import { startWorker } from '../bundle/packed_worker.ts';

let worker: Promise<Worker> | undefined;
let last_id = 0;

export function requestLayout(job: Omit<LayoutJob, 'id'>, done: (layout: Layout) => void, failed: (why: string) => void): () => void {
  const id = ++last_id;
  let stopped = false;
  let stop = () => { stopped = true; };
  worker ??= startWorker(packed);
  worker.then((one) => {
    if (stopped) return;
    const told = (event: MessageEvent<{ id: number; layout?: Layout; error?: string }>) => {
      if (event.data.id !== id) return;
      stop();
      if (event.data.layout) done(event.data.layout);
      else failed(event.data.error ?? 'no layout');
    };
    const broke = () => {
      stop();
      one.terminate();
      worker = undefined;
      failed('the browser refuses workers');
    };
    stop = () => {
      one.removeEventListener('message', told);
      one.removeEventListener('error', broke);
    };
    one.addEventListener('message', told);
    one.addEventListener('error', broke);
    one.postMessage({ ...job, id });
  }, () => {
    worker = undefined;
    if (!stopped) failed('the browser refuses workers');
  });
  return () => stop();
}
