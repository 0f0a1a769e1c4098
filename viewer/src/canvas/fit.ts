// Text into boxes: measured once a name; where it does not fit, shorter forms are tried, and then it
// is cut with an ellipsis.

import { shorterNames } from './names.ts';

export interface Fitter {
  width(text: string): number;
  cut(text: string, room: number): string; // '' where not even a few letters fit
  name(name: string, room: number): string; // a C++ name
}

const kLeastLetters = 3;

export function makeFitter(context: CanvasRenderingContext2D, font: string): Fitter {
  const widths = new Map<string, number>();
  const forms = new Map<string, string[]>();
  const width = (text: string): number => {
    let known = widths.get(text);
    if (known === undefined) {
      context.font = font;
      // Names have no upper bound; past some length only "too wide" matters.
      known = text.length > 400 ? text.length * 6 : context.measureText(text).width;
      widths.set(text, known);
    }
    return known;
  };
  const cut = (text: string, room: number): string => {
    const whole = width(text);
    if (whole <= room) return text;
    const letters = Math.floor(((room - 8) / whole) * text.length);
    if (letters < kLeastLetters) return '';
    return `${text.slice(0, letters).trimEnd()}…`;
  };
  const name = (full: string, room: number): string => {
    let shorter = forms.get(full);
    if (!shorter) forms.set(full, (shorter = [full, ...shorterNames(full)]));
    for (const form of shorter) if (width(form) <= room) return form;
    return cut(shorter.at(-1)!, room);
  };
  return { width, cut, name };
}
