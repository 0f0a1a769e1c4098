// Which bundle the page shows: the one inside it, the one behind the server, or one that is chosen.
import { signal } from '@preact/signals';
import { Bundle } from '../bundle/bundle.ts';
import { BundleProblem, reason } from '../bundle/problem.ts';
import { embeddedSource, fileSource, findServer, type Server, servedSource, type Source } from '../bundle/source.ts';
import { follow } from '../live/stream.ts';
import type { Target } from '../model/live.ts';
import type { Meta } from '../model/meta.ts';
import { bundle, meta, reread } from '../state/documents.ts';

export type Opening = { state: 'none' } | { state: 'choose' } | { state: 'opening' } | { state: 'open' } | { state: 'failed'; why: string };

export const opening = signal<Opening>({ state: 'none' });
export const server = findServer(document, location);

export const targets = signal<readonly Target[]>([]);

export function openFirst(): void {
  if (server) return void openServed(server);
  const source = embeddedSource(document);
  if (source) void open(source);
}

async function openServed(from: Server): Promise<void> {
  opening.value = { state: 'opening' };
  try {
    const reply = await fetch(from.url('api/targets'));
    if (!reply.ok) throw new BundleProblem(reply.status === 401 || reply.status === 403
      ? 'The token in the address is not the one of this server. Open the link that `track serve` printed.'
      : `\`track serve\` answered ${reply.status}.`);
    targets.value = ((await reply.json()) as { targets: Target[] }).targets;
  } catch (error) {
    const why = error instanceof BundleProblem ? error.message : '`track serve` does not answer; is it still running?';
    opening.value = { state: 'failed', why };
    return;
  }
  if (!from.target && targets.value.length !== 1) {
    opening.value = { state: 'choose' };
    return;
  }
  await open(servedSource(from));
  const shown = targets.value.find((one) => one.id === from.target) ?? targets.value[0];
  if (shown?.live && opening.peek().state === 'open') follow(from);
}

export async function openFile(file: File): Promise<void> {
  try {
    await open(await fileSource(file));
  } catch (error) {
    opening.value = { state: 'failed', why: reason(error) };
  }
}

async function open(source: Source): Promise<void> {
  opening.value = { state: 'opening' };
  const opened = new Bundle(source);
  bundle.value = opened;
  // What is most often looked at first is unpacked beside meta.json; if it is damaged, its view says so.
  opened.json('leaks.json').catch(() => {});
  try {
    const read = await opened.json<Meta>('meta.json');
    if (read && read.schema !== 1)
      throw new BundleProblem(`This bundle is of format ${read.schema}; this viewer reads format 1. Make both with the same version of track.`);
    meta.value = read;
    opening.value = { state: 'open' };
  } catch (error) {
    // The other sections may be whole all the same.
    meta.value = undefined;
    opening.value = source.kind === 'served' ? { state: 'failed', why: reason(error) } : { state: 'open' };
    problem.value = reason(error);
  }
  reread();
}

// What is wrong with the bundle as a whole, though the views go on.
export const problem = signal('');
