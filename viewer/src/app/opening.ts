// Which bundle the page shows: the one inside it, the one behind the server, or one that is chosen.
import { signal } from '@preact/signals';
import { Bundle } from '../bundle/bundle.ts';
import { BundleProblem, reason } from '../bundle/problem.ts';
import { embeddedSource, fileSource, findServer, servedSource, type Source } from '../bundle/source.ts';
import type { Meta } from '../model/meta.ts';
import { bundle, meta, reread } from '../state/documents.ts';

export type Opening = { state: 'none' } | { state: 'opening' } | { state: 'open' } | { state: 'failed'; why: string };

export const opening = signal<Opening>({ state: 'none' });
export const server = findServer(document, location);

export function openFirst(): void {
  const source = server ? servedSource(server) : embeddedSource(document);
  if (source) void open(source);
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
