// What a canvas shows, for tests: a picture cannot be asked.

export interface DrawnBox {
  text: string;
  x: number;
  y: number;
  width: number;
  height: number;
  value: number;
}

export interface CanvasHook {
  boxes(): DrawnBox[];
  drawMs(): number; // how long the last picture took
  firstAt(): number; // when the first was done, ms since the page was asked for
}

// Where a canvas notes its pictures.
export interface Timing {
  ms: number;
  first: number; // 0 = none yet
}

export function timed(timing: Timing, draw: () => void): void {
  const begin = performance.now();
  draw();
  const end = performance.now();
  timing.ms = end - begin;
  if (timing.first === 0) timing.first = end;
}

export function expose(element: HTMLElement, timing: Timing, boxes: () => DrawnBox[]): void {
  const hook: CanvasHook = { boxes, drawMs: () => timing.ms, firstAt: () => timing.first };
  Object.assign(element, { trackCanvas: hook });
}
