// axe finds nothing, in every view, both themes, wide, narrow, at 400 %; and the page never scrolls
// sideways.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { cleanReport, orderReport } from './fixtures/reports.ts';
import { openReport } from './support/browser.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

interface Violation {
  id: string;
  help: string;
  nodes: { html: string; failureSummary: string }[];
}

async function violations(page: Page): Promise<string[]> {
  if (!(await page.evaluate('typeof axe === "object"'))) await page.evaluate(axe);
  const found = await page.evaluate(async (values) => {
    const { axe } = globalThis as unknown as { axe: { run(options: unknown): Promise<{ violations: Violation[] }> } };
    return (await axe.run({ runOnly: { type: 'tag', values } })).violations;
  }, tags) as Violation[];
  return found.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.slice(0, 3).map((one) => `${one.html.slice(0, 200)}\n  ${one.failureSummary}`).join('\n  ')}`);
}

const views = ['Leaks', 'Waits', 'Profile', 'Timeline', 'Growth'];

async function goTo(page: Page, title: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: title }).click();
  await page.getByRole('main', { name: title }).getByRole('heading').first().waitFor();
}

const sizes: [name: string, options: BrowserContextOptions][] = [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['narrow', { viewport: { width: 400, height: 800 } }],
  // 1280 x 1024 at 400 %.
  ['at 400 %', { viewport: { width: 320, height: 256 }, colorScheme: 'dark' }],
];

for (const [name, options] of sizes)
  test(`every view, ${name}`, async () => {
    const { page } = await openReport(orderReport(), '', options);
    await page.getByRole('treegrid', { name: 'Findings' }).waitFor();
    for (const title of views) {
      await goTo(page, title);
      if (title === 'Waits') await page.getByRole('listbox', { name: 'Who waits for whom' }).waitFor();
      assert.deepEqual(await violations(page), [], title);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(wide, 0, `${title} scrolls sideways by ${wide} px`);
    }
  });

test('with details open, a dialog open, tables in place of pictures, and without data', async () => {
  const { page } = await openReport(orderReport());
  await page.getByRole('row', { name: /412 coroutines/ }).click();
  await page.getByRole('row', { name: /3 threads wait on/ }).getByRole('button', { name: 'Open tasks' }).click();
  assert.deepEqual(await violations(page), [], 'finding');
  await page.getByRole('tab', { name: /Tasks/ }).click();
  await page.getByRole('row', { name: /thread 2 transfer/ }).click();
  assert.deepEqual(await violations(page), [], 'task');
  await page.getByRole('link', { name: 'Waits' }).click();
  await page.getByRole('tab', { name: 'Table' }).click();
  assert.deepEqual(await violations(page), [], 'waits as a table');
  await page.getByRole('button', { name: 'Keys and help' }).click();
  assert.deepEqual(await violations(page), [], 'help');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: /Search/ }).click();
  await page.getByRole('combobox', { name: /Search/ }).fill('bank');
  await page.getByRole('listbox', { name: 'Found' }).getByRole('option').first().waitFor();
  assert.deepEqual(await violations(page), [], 'search');

  const clean = await openReport(cleanReport());
  await clean.page.getByRole('grid', { name: 'Tasks' }).waitFor();
  for (const title of views) {
    await goTo(clean.page, title);
    assert.deepEqual(await violations(clean.page), [], title);
  }
});
