// The page's theme and colours, as a hook: a canvas does not follow CSS by itself.

import { type Signal, signal } from '@preact/signals';
import { isDark, theme } from '../state/settings.ts';
import { type Ink, type ThemeName, readInk } from './theme.ts';

const system = signal(0);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => ++system.value);

function themeName(): ThemeName {
  void system.value;
  void theme.value;
  return isDark() ? 'dark' : 'light';
}

const read: Signal<Ink | undefined> = signal(undefined);

export function ink(): Ink {
  const name = themeName();
  const known = read.peek();
  if (known?.theme === name) return known;
  const fresh = readInk(document.documentElement, name);
  read.value = fresh;
  return fresh;
}
