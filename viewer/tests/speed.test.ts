// The figures of the page; medians of nine are printed.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { loadReport, manyFindings, orderReport } from './fixtures/reports.ts';
import { launched, patience, slowed, writePage } from './support/browser.ts';
import { within } from './support/figures.ts';
import { reportHtml, viewer_html } from './support/bundle_writer.ts';

const runs = 9;

// Opens a page anew and tells when, by its own clock, `selector` was there.
async function timeOpening(url: string, selector: string): Promise<{ paint: number; there: number; page: Page }> {
  const context = await (await launched()).newContext({ viewport: { width: 1280, height: 800 } });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  await slowed(page);
  await page.addInitScript((wanted) => {
    const watch = new MutationObserver(() => {
      if (!document.querySelector(wanted)) return;
      performance.mark('there');
      watch.disconnect();
    });
    watch.observe(document, { childList: true, subtree: true });
  }, selector);
  await page.goto(url);
  await page.waitForFunction(() => performance.getEntriesByName('there').length > 0 && performance.getEntriesByName('first-contentful-paint').length > 0);
  const [paint, there] = await page.evaluate(() => ['first-contentful-paint', 'there'].map((name) => performance.getEntriesByName(name)[0]!.startTime));
  return { paint: paint!, there: there!, page };
}

// Opens it nine times, and gives one of the times of each.
async function openings(url: string, which: 'paint' | 'there'): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < runs; ++i) {
    const opened = await timeOpening(url, '[role=treegrid] [aria-level]');
    times.push(opened[which]);
    await opened.page.context().close();
  }
  return times;
}

async function blank(): Promise<Page> {
  const page = await (await launched()).newPage();
  await slowed(page);
  return page;
}

test('the app is small', () => {
  const html = readFileSync(viewer_html);
  const packed = gzipSync(html, { level: 9 }).length;
  console.log(`app: ${(html.length / 1000).toFixed(0)} KB, packed ${(packed / 1000).toFixed(0)} KB (goal 250 and 90)`);
  assert.ok(html.length <= 255_000);
  assert.ok(packed <= 100_000);
});

test('a report of 16 MB is seen at once', async () => {
  const html = reportHtml(loadReport({ p: true, t: true }), '<table><tr><td>2 threads wait for each other</td></tr></table>');
  assert.ok(html.length > 14e6, `${html.length} bytes`);
  const url = writePage(html);
  await within(await blank(), 'first paint with 16 MB', 200, () => openings(url, 'paint'));
});

test('the findings are there to use soon after opening', async () => {
  const url = writePage(reportHtml(orderReport()));
  await within(await blank(), 'findings usable after opening', 300, () => openings(url, 'there'));
});

test('ten thousand findings follow what is typed, and scroll', async () => {
  const { page } = await timeOpening(writePage(reportHtml(manyFindings(10_000))), '[role=treegrid] [aria-level]');
  const box = page.getByRole('searchbox', { name: 'Filter findings' });
  // The first filter reads all texts; what is typed on is what has to be fluent.
  await box.fill('s');
  await within(page, 'a keystroke in the filter of 10 000 findings, to the picture', 50, async () => {
    const times: number[] = [];
    for (let i = 0; i < runs; ++i) times.push(await page.evaluate(async (text) => {
      const input = document.querySelector<HTMLInputElement>('input[type=search]')!;
      const began = performance.now();
      input.value = text;
      input.dispatchEvent(new Event('input', { bubbles: true }));
      await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
      return performance.now() - began;
    }, i % 2 ? 's' : 'session'));
    return times;
  });
  await within(page, 'a scroll among them, to the picture', 33, async () => {
    const times: number[] = [];
    for (let i = 0; i < runs; ++i) times.push(await page.evaluate(async (top) => {
      const grid = document.querySelector('[role=treegrid]')!;
      const began = performance.now();
      grid.scrollTop = top;
      await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
      return performance.now() - began;
    }, (i + 1) * 20_000));
    return times;
  });
});
