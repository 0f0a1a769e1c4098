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
}

export function expose(element: HTMLElement, hook: CanvasHook): void {
  Object.assign(element, { trackCanvas: hook });
}
