// Keys: the shell's and those of the view that is open. A view's win.
import { useEffect, useRef } from 'preact/hooks';
import { single_keys } from './settings.ts';

export type Keys = Record<string, (event: KeyboardEvent) => void>;

const layers: { current: Keys }[] = [];

// While the component is mounted, these keys (KeyboardEvent.key) do that.
export function useKeys(keys: Keys): void {
  const layer = useRef(keys);
  layer.current = keys;
  useEffect(() => {
    layers.push(layer);
    return () => void layers.splice(layers.indexOf(layer), 1);
  }, []);
}

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]');
}

export function followKeys(): void {
  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key !== 'Escape' && (typing(event.target) || single_keys.value !== 'on')) return;
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
