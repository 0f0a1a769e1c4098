// Where the marks of an axis stand: at round values, as many as have room.

const seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];
const day = 86_400;

// From 0 to `most`. Bytes are round in powers of 1024.
export function valueTicks(most: number, room: number, of_bytes: boolean): number[] {
  const unit = of_bytes ? 1024 ** Math.floor(Math.log2(Math.max(most, 1)) / 10) : 1;
  const rough = most / unit / Math.max(room, 1);
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1e-9)));
  const step = (([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10) * power) * unit;
  const whole = Math.max(step, 1);
  return Array.from({ length: Math.floor(most / whole) + 1 }, (_, i) => i * whole);
}

export function timeTicks(from_ms: number, to_ms: number, room: number): number[] {
  const rough = (to_ms - from_ms) / 1000 / Math.max(room, 1);
  const step = (seconds.find((one) => one >= rough) ?? Math.ceil(rough / day) * day) * 1000;
  // Round in the reader's own time.
  const shift = new Date(from_ms).getTimezoneOffset() * 60_000;
  const first = Math.ceil((from_ms - shift) / step) * step + shift;
  return Array.from({ length: Math.max(0, Math.floor((to_ms - first) / step) + 1) }, (_, i) => first + i * step);
}

// As short as they can be told apart.
export function timeText(ms: number, span_ms: number): string {
  const time = new Date(ms);
  const two = (value: number) => String(value).padStart(2, '0');
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}`;
  if (span_ms < 600_000) return `${clock}:${two(time.getSeconds())}`;
  if (span_ms < day * 1000) return clock;
  return `${time.getMonth() + 1}/${time.getDate()} ${clock}`;
}
