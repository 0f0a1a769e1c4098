// Everything that a link keeps lives in the URL's hash: #VIEW?key=value. Changes within a view
// replace the entry, jumps add one, so that Back goes where the reader was.
import { computed, effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';

const longest_hash = 2000;

function parse(hash: string): { view: string; values: Map<string, string> } {
  const [view = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  return { view, values: new Map(new URLSearchParams(query)) };
}

const at_start = parse(location.hash);
export const view: Signal<string> = signal(at_start.view);
const values: Signal<ReadonlyMap<string, string>> = signal(at_start.values);

export interface Parameter<T> extends ReadonlySignal<T> {
  set(next: T): void;
}

// A value of the hash. Name it VIEW.WHAT; the default is not written.
export function parameter(name: string, standard = ''): Parameter<string> {
  const current = computed(() => values.value.get(name) ?? standard);
  return Object.assign(current, {
    set(next: string) {
      const known = values.peek();
      if ((known.get(name) ?? standard) === next) return;
      const changed = new Map(known);
      if (next === standard) changed.delete(name);
      else changed.set(name, next);
      values.value = changed;
    },
  });
}

export function hashOf(target: string, all: ReadonlyMap<string, string>): string {
  const query = new URLSearchParams([...all].sort(([a], [b]) => (a < b ? -1 : 1))).toString();
  const hash = `#${target}${query && `?${query}`}`;
  return hash.length <= longest_hash ? hash : `#${target}`;
}

// To another view, with these parameters set: the Back button returns.
export function jump(target: string, changes: Record<string, string> = {}): void {
  const changed = new Map(values.peek());
  for (const [key, value] of Object.entries(changes))
    if (value) changed.set(key, value);
    else changed.delete(key);
  const hash = hashOf(target, changed);
  if (hash !== location.hash) history.pushState(null, '', hash);
  values.value = changed;
  view.value = target;
}

export function followUrl(): void {
  const take = () => {
    const { view: target, values: all } = parse(location.hash);
    values.value = all;
    view.value = target;
  };
  addEventListener('popstate', take);
  addEventListener('hashchange', take);
  effect(() => {
    const hash = hashOf(view.value, values.value);
    if (hash !== location.hash && hash.length > 1) history.replaceState(null, '', hash);
  });
}
