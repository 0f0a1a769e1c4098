// The figures that the canvases are held to. Medians of nine (of three, where a page is opened for each)
// are printed.
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import type { CanvasHook } from '../src/canvas/hook.ts';
import { loadReport } from './fixtures/reports.ts';
import { assertQuiet, openUrl, writePage } from './support/browser.ts';
import { reportHtml } from './support/bundle_writer.ts';
import { boxesOf } from './support/canvas.ts';
import { within } from './support/figures.ts';

const kRounds = 9;

async function opened(url: string, selector: string): Promise<Page> {
  const now = await openUrl(url, { viewport: { width: 1400, height: 900 } });
  await boxesOf(now.page, selector);
  assertQuiet(now);
  return now.page;
}

// From the beginning of the navigation to the first picture.
async function readyTimes(url: string, selector: string): Promise<number[]> {
  const times: number[] = [];
  while (times.length < 3) {
    const page = await opened(url, selector);
    times.push(await page.evaluate((name) => (document.querySelector(name) as unknown as { trackCanvas: CanvasHook }).trackCanvas.firstAt(), selector));
    await page.context().close();
  }
  return times;
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
  const page = await opened(`${url}#profile`, '.flame');
  await within(page, 'P ready', 800, () => readyTimes(`${url}#profile`, '.flame'));
  await within(page, 'P zoom', 4, () => pictures(page, '.flame', 'click'));
  await within(page, 'P search, with the page', 20, () => page.evaluate(async (rounds) => {
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
  }, kRounds));
  await page.getByRole('button', { name: 'Top', exact: true }).click();
  await within(page, 'P top, with the page', 60, () => page.evaluate(async (rounds) => {
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
  }, kRounds));
});

test('a million spans in two thousand lanes', async () => {
  const url = writePage(reportHtml(loadReport({ t: true })));
  const page = await opened(`${url}#timeline`, '.lanes');
  await within(page, 'T1M ready', 1200, () => readyTimes(`${url}#timeline`, '.lanes'));
  await within(page, 'T1M zoom', 3, () => pictures(page, '.lanes', 'wwwwwsd'));
  await within(page, 'T1M overview', 10, () => page.evaluate(async (rounds) => {
    const element = document.querySelector('.minimap') as unknown as { trackCanvas: CanvasHook };
    const button = [...document.querySelectorAll<HTMLButtonElement>('.state-filter')].find((one) => one.textContent!.includes('runs'))!;
    const times: number[] = [];
    for (let round = 0; round < rounds; ++round) {
      button.click();
      for (let frames = 0; frames < 3; ++frames) await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
      times.push(element.trackCanvas.drawMs());
    }
    return times;
  }, kRounds));
});
