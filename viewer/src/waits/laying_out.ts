// Asks the layout worker; only the newest question is answered.
import type { Layout, LayoutJob } from './laid_out.ts';
import LayoutWorker from './layout.worker.ts?worker&inline';

let worker: Worker | undefined;
let last_id = 0;

export function requestLayout(job: Omit<LayoutJob, 'id'>, done: (layout: Layout) => void, failed: (why: string) => void): () => void {
  const id = ++last_id;
  const give_up = () => {
    worker?.terminate();
    worker = undefined;
  };
  const told = (event: MessageEvent<{ id: number; layout?: Layout; error?: string }>) => {
    if (event.data.id !== id) return;
    stop();
    if (event.data.layout) done(event.data.layout);
    else failed(event.data.error ?? 'no layout');
  };
  const broke = () => {
    stop();
    give_up();
    failed('the browser refuses workers');
  };
  const stop = () => {
    worker?.removeEventListener('message', told);
    worker?.removeEventListener('error', broke);
  };
  try {
    worker ??= new LayoutWorker();
  } catch {
    failed('the browser refuses workers');
    return () => {};
  }
  worker.addEventListener('message', told);
  worker.addEventListener('error', broke);
  worker.postMessage({ ...job, id });
  return stop;
}
