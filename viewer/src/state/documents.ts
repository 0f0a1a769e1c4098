// The bundle that is open, and its JSON sections as signals: read when first looked at, and written
// anew by the live stream.
import { signal, type Signal } from '@preact/signals';
import type { Bundle } from '../bundle/bundle.ts';
import { reason } from '../bundle/problem.ts';
import type { Leaks } from '../model/finding.ts';
import type { Sources } from '../model/frame.ts';
import type { Meta } from '../model/meta.ts';
import type { Tasks } from '../model/task.ts';

export type Loaded<T> =
  | { state: 'waiting' }
  | { state: 'absent'; why: string }
  | { state: 'broken'; why: string }
  | { state: 'ready'; value: T };

export const bundle: Signal<Bundle | undefined> = signal(undefined);
export const meta: Signal<Meta | undefined> = signal(undefined);

const documents = new Map<string, Signal<Loaded<unknown>>>();

// Section NAME.json.
export function documentOf<T>(name: string): Signal<Loaded<T>> {
  const known = documents.get(name);
  if (known) return known as Signal<Loaded<T>>;
  const made = signal<Loaded<T>>({ state: 'waiting' });
  documents.set(name, made as Signal<Loaded<unknown>>);
  void load(name, made);
  return made;
}

async function load<T>(name: string, into: Signal<Loaded<T>>): Promise<void> {
  try {
    // What the report says is not there is not asked for.
    const value = meta.peek()?.absent?.[name] ? undefined : await bundle.peek()?.json<T>(`${name}.json`);
    if (into.peek().state === 'ready') return;
    into.value = value === undefined ? { state: 'absent', why: whyAbsent(name) } : { state: 'ready', value };
  } catch (error) {
    into.value = { state: 'broken', why: reason(error) };
  }
}

export function whyAbsent(name: string): string {
  return meta.peek()?.absent?.[name] ?? `There is no section "${name}" in this bundle.`;
}

// Another bundle is open.
export function reread(): void {
  for (const name of documents.keys()) readAnew(name);
}

export function readAnew(name: string): void {
  const into = documents.get(name);
  if (!into) return;
  bundle.peek()?.forget(`${name}.json`);
  into.value = { state: 'waiting' };
  void load(name, into);
}

// For who asks once: what it says when it was read.
export function whenRead<T>(of: Signal<Loaded<T>>): Promise<Loaded<T>> {
  return new Promise((done) => {
    const end = of.subscribe((now) => {
      if (now.state === 'waiting') return;
      done(now);
      queueMicrotask(() => end());
    });
  });
}

export const leaks = () => documentOf<Leaks>('leaks');
export const tasks = () => documentOf<Tasks>('tasks');
export const sources = () => documentOf<Sources>('sources');
