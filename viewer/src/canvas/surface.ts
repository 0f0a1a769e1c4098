// A canvas as large as its place on the screen, never larger: browsers refuse tall ones, and drawing
// what nobody sees is what makes viewers slow. Whoever draws keeps its own scroll.

export interface Surface {
  readonly context: CanvasRenderingContext2D;
  readonly width: number; // in CSS pixels
  readonly height: number;
  readonly ratio: number; // device pixels in one of them
  ask(): void; // draw in the next frame, once
  drop(): void;
}

export function makeSurface(canvas: HTMLCanvasElement, draw: (surface: Surface) => void): Surface {
  const context = canvas.getContext('2d', { alpha: false });
  if (context === null) throw new Error('this browser draws no canvas');
  let asked = 0;
  const now = (): void => {
    asked = 0;
    if (surface.width === 0 || surface.height === 0) return;
    context.setTransform(surface.ratio, 0, 0, surface.ratio, 0, 0);
    draw(surface);
  };
  const surface = {
    context,
    width: 0,
    height: 0,
    ratio: 1,
    ask(): void {
      if (asked === 0) asked = requestAnimationFrame(now);
    },
    drop(): void {
      observer.disconnect();
      cancelAnimationFrame(asked);
    },
  };
  const fit = (): void => {
    const box = canvas.getBoundingClientRect();
    surface.ratio = window.devicePixelRatio || 1;
    surface.width = Math.floor(box.width);
    surface.height = Math.floor(box.height);
    canvas.width = Math.round(surface.width * surface.ratio);
    canvas.height = Math.round(surface.height * surface.ratio);
    // A canvas that was resized is blank: drawn at once, it never flashes.
    cancelAnimationFrame(asked);
    now();
  };
  const observer = new ResizeObserver(fit);
  observer.observe(canvas);
  return surface;
}
