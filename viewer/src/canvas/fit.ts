// Text into boxes: measured once a name, cut with an ellipsis where it does not fit.

export interface Fitter {
  width(text: string): number;
  cut(text: string, room: number): string; // '' where not even a few letters fit
}

const kLeastLetters = 3;

export function makeFitter(context: CanvasRenderingContext2D, font: string): Fitter {
  const widths = new Map<string, number>();
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
  return { width, cut };
}
