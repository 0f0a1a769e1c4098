// What a canvas takes from the page: its colours are the page's own, read from CSS once a theme.

export type ThemeName = 'light' | 'dark';

export interface Ink {
  theme: ThemeName;
  ground: string;
  raised: string; // headings, gutters
  text: string;
  quiet: string; // secondary text
  line: string;
  accent: string;
  font: string;
  small: string;
  italic: string;
}

const kSans = 'system-ui, "DejaVu Sans", sans-serif';

export function readInk(element: Element, theme: ThemeName): Ink {
  const style = getComputedStyle(element);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  return {
    theme,
    ground: color('--panel'),
    raised: color('--raised'),
    text: color('--text'),
    quiet: color('--quiet'),
    line: color('--line'),
    accent: color('--accent'),
    font: `12px ${kSans}`,
    small: `11px ${kSans}`,
    italic: `italic 12px ${kSans}`,
  };
}
