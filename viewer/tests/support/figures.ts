// What a figure may be: twice its goal, or more where the machine does its arithmetic slower than the
// one of the goals: told by work of the same kind, sums over typed arrays, at the same time.
import type { Page } from 'playwright-core';

const spare = 2;
const rounds = 9;
// What the reference below takes where the goals were set, in milliseconds.
const reference = 34;

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

export async function allowed(page: Page, goal: number): Promise<number> {
  const times = await page.evaluate((count) => {
    const values = new Float64Array(1 << 20);
    return Array.from({ length: count }, () => {
      const begin = performance.now();
      for (let pass = 0; pass < 6; ++pass) for (let at = 1; at < values.length; ++at) values[at] = values[at - 1]! * 0.5 + at;
      return performance.now() - begin;
    });
  }, rounds);
  return goal * spare * Math.max(1, median(times) / reference);
}
