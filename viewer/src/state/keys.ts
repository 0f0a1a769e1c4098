// Keys: the shell's and those of the view that is open. A view's win. Whoever types faster than the page
// draws loses nothing: keys are taken from the moment on that a view is drawn, not painted, and what is
// typed after `f` is kept for a field that is not there yet.
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { single_keys } from './settings.ts';

export type Keys = Record<string, (event: KeyboardEvent) => void>;

const layers: { current: Keys }[] = [];
// What was typed for a field that is not there yet; undefined when nobody waits for one.
let kept: string | undefined;

// While the component is mounted, these keys (KeyboardEvent.key) do that.
export function useKeys(keys: Keys): void {
  const layer = useRef(keys);
  layer.current = keys;
  useLayoutEffect(() => {
    layers.push(layer);
    return () => void layers.splice(layers.indexOf(layer), 1);
  }, []);
}

// For a field that `f` goes to.
export function useFindField(): RefObject<HTMLInputElement | null> {
  const field = useRef<HTMLInputElement>(null);
  useKeys({ f: () => field.current?.focus() });
  useLayoutEffect(() => {
    if (kept === undefined || !field.current) return;
    field.current.focus();
    if (kept) {
      field.current.value += kept;
      field.current.dispatchEvent(new InputEvent('input', { bubbles: true }));
    }
    kept = undefined;
  }, []);
  return field;
}

// While what has such a field is being read.
export function useFieldToCome(): void {
  useKeys({ f: () => { kept = ''; } });
  // After the layout effects of what comes in its place.
  useLayoutEffect(() => () => queueMicrotask(() => { kept = undefined; }), []);
}

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]');
}

function keep(event: KeyboardEvent): boolean {
  if (kept === undefined) return false;
  if (event.key === 'Escape') kept = undefined;
  else if (event.key === 'Backspace') kept = kept.slice(0, -1);
  else if ([...event.key].length === 1) kept += event.key;
  else return false;
  return true;
}

export function followKeys(): void {
  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key !== 'Escape' && (typing(event.target) || single_keys.value !== 'on')) return;
    if (keep(event)) return event.preventDefault();
    const button = event.target instanceof HTMLElement && event.target.matches('button, a, summary, [role=button]');
    if (button && (event.key === ' ' || event.key === 'Enter')) return;
    for (let i = layers.length - 1; i >= 0; --i) {
      const act = layers[i]!.current[event.key];
      if (!act) continue;
      event.preventDefault();
      act(event);
      return;
    }
  });
}
