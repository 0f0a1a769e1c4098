// The figures that the canvases are held to, at twice the goal. Medians of nine (of three,
// where a page is opened for each) are printed, with the load. The fastest is what has to hold, and
// how slow the machine is just now is measured and forgiven: others use it too.
import assert from 'node:assert/strict';
import { loadavg } from 'node:os';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import type { CanvasHook } from '../src/canvas/hook.ts';
import { loadReport } from './fixtures/reports.ts';
import { assertQuiet, openUrl, writePage } from './support/browser.ts';
import { reportHtml } from './support/bundle_writer.ts';
import { boxesOf } from './support/canvas.ts';
import { allowed, median } from './support/figures.ts';

const kRounds = 9;
async function check(page: Page, what: string, times: number[], goal: number): Promise<void> {
  const limit = await allowed(page, goal);
  const found = Math.min(...times);
  console.log(`${what}: median ${median(times).toFixed(1)} ms, fastest ${found.toFixed(1)} ms (goal ${goal}, allowed ${limit.toFixed(1)}, load ${loadavg()[0]!.toFixed(1)})`);
  assert.ok(found <= limit, `${what}: ${found.toFixed(1)} ms, at most ${limit.toFixed(1)}`);
}

// From the beginning of the navigation to the first picture.
async function readyTimes(url: string, selector: string): Promise<{ times: number[]; page: Page }> {
  const times: number[] = [];
  for (let round = 0; ; ++round) {
    const opened = await openUrl(url, { viewport: { width: 1400, height: 900 } });
    await boxesOf(opened.page, selector);
    times.push(await opened.page.evaluate((name) => (document.querySelector(name) as unknown as { trackCanvas: CanvasHook }).trackCanvas.firstAt(), selector));
    assertQuiet(opened);
    if (round === 2) return { times, page: opened.page };
    await opened.page.context().close();
  }
}

// How long the pictures took that these keys, or clicks, asked for.
function pictures(page: Page, selector: string, act: string): Promise<number[]> {
  return page.evaluate(
    async ({ name, what, rounds }) => {
      const element = document.querySelector(name) as HTMLElement & { trackCanvas: CanvasHook };
      const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
      const times: number[] = [];
      for (let round = 0; round < rounds; ++round) {
        if (what === 'click') {
          const wide = element.trackCanvas.boxes().filter((box) => box.y > 0 && box.text && box.width > 40);
          const box = wide[(round * 7) % wide.length]!;
          const place = element.getBoundingClientRect();
          element.dispatchEvent(new MouseEvent('click', { bubbles: true, clientX: place.left + box.x + 5, clientY: place.top + box.y * box.height + 9 }));
        } else element.dispatchEvent(new KeyboardEvent('keydown', { key: what[round % what.length]!, bubbles: true }));
        await frame();
        await frame();
        times.push(element.trackCanvas.drawMs());
        if (what === 'click' && round % 3 === 2) {
          element.dispatchEvent(new KeyboardEvent('keydown', { key: 'Home', bubbles: true }));
          element.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
          await frame();
          await frame();
        }
      }
      return times;
    },
    { name: selector, what: act, rounds: kRounds },
  );
}

test('50 000 stacks, half a million nodes', async () => {
  const url = writePage(reportHtml(loadReport({ p: true })));
  const { times, page } = await readyTimes(`${url}#profile`, '.flame');
  await check(page, 'P ready', times, 800);
  await check(page, 'P zoom', await pictures(page, '.flame', 'click'), 4);
  const marks = await page.evaluate(async (rounds) => {
    const find = document.querySelector('input[type=search]') as HTMLInputElement;
    const times: number[] = [];
    for (let round = 0; round < rounds; ++round) {
      find.value = `method_${round}`;
      const begin = performance.now();
      find.dispatchEvent(new InputEvent('input', { bubbles: true }));
      // The search is done before the page is drawn anew: in the first microtasks.
      await Promise.resolve();
      while (!document.querySelector('.matched')!.textContent) await new Promise((done) => setTimeout(done, 0));
      times.push(performance.now() - begin);
      find.value = '';
      find.dispatchEvent(new InputEvent('input', { bubbles: true }));
      while (document.querySelector('.matched')!.textContent) await new Promise((done) => setTimeout(done, 0));
    }
    return times;
  }, kRounds);
  await check(page, 'P search, with the page', marks, 20);
  await page.getByRole('button', { name: 'Top', exact: true }).click();
  const tops = await page.evaluate(async (rounds) => {
    const by = [...document.querySelectorAll('.modes button')] as HTMLButtonElement[];
    const times: number[] = [];
    for (let round = 0; round < rounds; ++round) {
      by[0]!.click();
      while (!document.querySelector('.flame')) await new Promise((done) => setTimeout(done, 0));
      const begin = performance.now();
      by[3]!.click();
      while (!document.querySelector('.top-table .line')) await new Promise((done) => setTimeout(done, 0));
      times.push(performance.now() - begin);
    }
    return times;
  }, kRounds);
  await check(page, 'P top, with the page', tops, 60);
});

test('a million spans in two thousand lanes', async () => {
  const url = writePage(reportHtml(loadReport({ t: true })));
  const { times, page } = await readyTimes(`${url}#timeline`, '.lanes');
  await check(page, 'T1M ready', times, 1200);
  await check(page, 'T1M zoom', await pictures(page, '.lanes', 'wwwwwsd'), 3);
  const overview = await page.evaluate(async (rounds) => {
    const element = document.querySelector('.minimap') as unknown as { trackCanvas: CanvasHook };
    const button = [...document.querySelectorAll<HTMLButtonElement>('.state-filter')].find((one) => one.textContent!.includes('runs'))!;
    const times: number[] = [];
    for (let round = 0; round < rounds; ++round) {
      button.click();
      for (let frames = 0; frames < 3; ++frames) await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
      times.push(element.trackCanvas.drawMs());
    }
    return times;
  }, kRounds);
  await check(page, 'T1M overview', overview, 10);
});
