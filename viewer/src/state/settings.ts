// What the reader prefers, kept in the browser where it allows that.
import { effect, signal, type Signal } from '@preact/signals';

function kept(name: string, standard: string): Signal<string> {
  const key = `track.${name}`;
  let first = standard;
  try {
    first = localStorage.getItem(key) ?? standard;
  } catch {
    // A sandboxed page has no storage; the setting lasts as long as the page.
  }
  const setting = signal(first);
  effect(() => {
    const value = setting.value;
    try {
      if (value === standard) localStorage.removeItem(key);
      else localStorage.setItem(key, value);
    } catch {
      // As above.
    }
  });
  return setting;
}

// '' follows the system.
export const theme = kept('theme', '');
export const full_names = kept('names', 'short');
export const library_frames = kept('library', 'folded');
// Percent of the page's width.
export const details_width = kept('details', '40');
// Single keys can be turned off: speech input types them by accident.
export const single_keys = kept('keys', 'on');

export function followTheme(): void {
  effect(() => {
    if (theme.value) document.documentElement.dataset.theme = theme.value;
    else delete document.documentElement.dataset.theme;
  });
}

export function isDark(): boolean {
  return theme.value ? theme.value === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
}
