// Which part of the timeline is on the screen.

export interface Camera {
  from: number; // ns
  to: number;
}

const kNarrowest = 20; // ns across the screen

export function keepInside(camera: Camera, end: number): Camera {
  const width = Math.min(Math.max(camera.to - camera.from, kNarrowest), Math.max(end, kNarrowest));
  const from = Math.min(Math.max(camera.from, 0), Math.max(end - width, 0));
  return { from, to: from + width };
}

// Around a time that stays where it is on the screen; factor below 1 goes closer.
export function zoom(camera: Camera, around: number, factor: number, end: number): Camera {
  return keepInside(
    { from: around - (around - camera.from) * factor, to: around + (camera.to - around) * factor },
    end,
  );
}

// By a part of the width of the screen.
export function pan(camera: Camera, part: number, end: number): Camera {
  const by = (camera.to - camera.from) * part;
  return keepInside({ from: camera.from + by, to: camera.to + by }, end);
}

// So that the span is seen with something around it.
export function fit(from: number, to: number, end: number): Camera {
  const margin = Math.max((to - from) * 0.15, kNarrowest);
  return keepInside({ from: from - margin, to: to + margin }, end);
}

// Round times for a scale, about `wanted` of them.
export function ticks(camera: Camera, wanted: number): number[] {
  const rough = (camera.to - camera.from) / Math.max(wanted, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10) * power;
  const result: number[] = [];
  for (let at = Math.ceil(camera.from / step); at * step <= camera.to; ++at) result.push(at * step);
  return result;
}
