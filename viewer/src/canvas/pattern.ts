// Patterns that say without colour what a colour says: each fills with thin lines on what is below.

export type Pattern = 'none' | 'rising' | 'falling' | 'cross' | 'dots' | 'bars' | 'lines';

const kTile = 8;

const kStrokes: Record<Exclude<Pattern, 'none' | 'dots'>, [number, number, number, number][]> = {
  rising: [
    [-2, 2, 2, -2],
    [-2, 10, 10, -2],
    [6, 10, 10, 6],
  ],
  falling: [
    [-2, 6, 2, 10],
    [-2, -2, 10, 10],
    [6, -2, 10, 2],
  ],
  cross: [
    [-2, 10, 10, -2],
    [-2, -2, 10, 10],
  ],
  bars: [
    [2, 0, 2, 8],
    [6, 0, 6, 8],
  ],
  lines: [[0, 4, 8, 4]],
};

const made = new Map<string, CanvasPattern>();

export function pattern(kind: Exclude<Pattern, 'none'>, color: string, ratio: number): CanvasPattern {
  const name = `${kind} ${color} ${ratio}`;
  const known = made.get(name);
  if (known) return known;
  const tile = document.createElement('canvas');
  tile.width = tile.height = Math.round(kTile * ratio);
  const context = tile.getContext('2d') as CanvasRenderingContext2D;
  context.scale(tile.width / kTile, tile.height / kTile);
  context.strokeStyle = context.fillStyle = color;
  context.lineWidth = 1.2;
  if (kind === 'dots') {
    for (const [x, y] of [
      [2, 2],
      [6, 6],
    ] as [number, number][]) {
      context.beginPath();
      context.arc(x, y, 0.9, 0, 2 * Math.PI);
      context.fill();
    }
  } else {
    for (const [x0, y0, x1, y1] of kStrokes[kind]) {
      context.beginPath();
      context.moveTo(x0, y0);
      context.lineTo(x1, y1);
      context.stroke();
    }
  }
  const result = context.createPattern(tile, 'repeat') as CanvasPattern;
  // The tile is in device pixels, what it fills is drawn in CSS pixels.
  result.setTransform(new DOMMatrix().scale(kTile / tile.width));
  made.set(name, result);
  return result;
}
