// Lays graphs out beside the page.
import { reason } from '../bundle/problem.ts';
import type { LayoutJob } from './laid_out.ts';
import { layOut } from './layout.ts';

const worker = self as unknown as { onmessage: (event: MessageEvent<LayoutJob>) => void; postMessage(message: unknown): void };

worker.onmessage = ({ data: job }) => {
  try {
    worker.postMessage({ id: job.id, layout: layOut(job) });
  } catch (error) {
    worker.postMessage({ id: job.id, error: reason(error) });
  }
};
