// The same without a mouse: every step by keys, the focus always in sight.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { orderReport } from './fixtures/reports.ts';
import { assertQuiet, openReport, soon } from './support/browser.ts';

const focused = (page: Page) => page.evaluate(() => {
  const element = document.activeElement!;
  const style = getComputedStyle(element);
  const named = element.getAttribute('aria-activedescendant');
  return {
    name: element === document.body ? '' : element.getAttribute('aria-label') ?? element.textContent?.trim() ?? '',
    outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    active: named ? document.getElementById(named)?.textContent ?? '(nothing of that id)' : '',
  };
});

async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let i = 0; i < 60; ++i) {
    await page.keyboard.press('Tab');
    const now = await focused(page);
    if (now.name) assert.ok(now.outlined, `the focus on "${now.name.slice(0, 60)}" is not to be seen`);
    if (name.test(now.name)) return;
  }
  assert.fail(`no ${name} within 60 tabs`);
}

test('from the first tab to the deadlock in the graph and back', async () => {
  const opened = await openReport(orderReport());
  const { page } = opened;
  await page.getByRole('treegrid', { name: 'Findings' }).waitFor();
  await page.keyboard.press('Tab');
  assert.equal((await focused(page)).name, 'To the content');
  await tabTo(page, /^Findings$/);
  assert.match((await focused(page)).active, /412 coroutines/);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  assert.match((await focused(page)).active, /2 threads wait for each other/);
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  assert.match((await focused(page)).active, /thread 2.*transfer/);
  await page.keyboard.press('ArrowLeft');
  assert.match((await focused(page)).active, /2 threads wait for each other/);
  await page.keyboard.press('Enter');
  await tabTo(page, /^Show in Waits$/);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: /1 cycle/ }).waitFor();
  await page.getByRole('listbox', { name: 'Who waits for whom' }).waitFor();
  await tabTo(page, /^Who waits for whom$/);
  assert.match((await focused(page)).active, /Bank::transfer/);
  await page.keyboard.press(']');
  assert.match((await focused(page)).active, /Bank::audit/);
  await page.keyboard.press('[');
  await page.keyboard.press('t');
  await page.getByRole('treegrid', { name: 'Who waits for whom' }).waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await page.getByRole('complementary', { name: 'Details' }).count(), 0);
  await page.keyboard.press('1');
  await page.getByRole('heading', { name: /6 findings/ }).waitFor();
  assertQuiet(opened);
});

test('search and help by one key; Escape gives the focus back; typing is never a command', async () => {
  const { page } = await openReport(orderReport());
  await page.getByRole('treegrid', { name: 'Findings' }).focus();
  await page.keyboard.press('/');
  await page.keyboard.type('retry 2');
  await page.getByRole('option', { name: /Retry::wait/ }).first().waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('complementary', { name: 'Details' }).waitFor();
  await page.getByRole('treegrid', { name: 'Findings' }).focus();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys and help' }).waitFor();
  await page.keyboard.press('Escape');
  await soon(async () => assert.equal((await focused(page)).name, 'Findings'));
  await page.keyboard.press('f');
  await page.keyboard.type('125/?');
  assert.equal(await page.getByRole('searchbox', { name: 'Filter findings' }).inputValue(), '125/?');
  await page.getByRole('heading', { name: /6 findings/ }).waitFor();
});

// Keys as fast as they can come: between two of them the page has drawn nothing and read nothing.
async function atOnce(page: Page, keys: readonly string[]): Promise<void> {
  await page.evaluate(async (all) => {
    for (const key of all) {
      const at = document.activeElement ?? document.body;
      const taken = !at.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
      if (!taken && at instanceof HTMLInputElement && key.length === 1) {
        at.value += key;
        at.dispatchEvent(new InputEvent('input', { bubbles: true }));
      }
      // What the browser does between two events.
      for (let i = 0; i < 20; ++i) await Promise.resolve();
    }
  }, keys);
}

test('whoever types faster than the page draws loses nothing', async () => {
  const { page } = await openReport(orderReport());
  await page.getByRole('treegrid', { name: 'Findings' }).waitFor();
  await atOnce(page, ['5', '4', '/', ...'retry 2', 'Enter']);
  await page.getByRole('complementary', { name: 'Details' }).getByText('Retry::wait').first().waitFor();
  await page.getByRole('main', { name: 'Leaks' }).waitFor();
  assert.equal(await page.getByRole('dialog').count(), 0);

  // Neither is what is typed for a field of a view that is still being read.
  const fresh = (await openReport(orderReport())).page;
  await fresh.getByRole('treegrid', { name: 'Findings' }).waitFor();
  await atOnce(fresh, ['4', 'f', ...'waix5', 'Backspace', 'Backspace', ...'ter']);
  const find = fresh.getByRole('main', { name: 'Timeline' }).getByRole('searchbox');
  await find.waitFor();
  assert.equal(await find.inputValue(), 'waiter');
  assert.ok(await find.evaluate((field) => field === document.activeElement));
  await fresh.getByText(/^\d+ spans of/).waitFor();
});

test('single keys can be turned off', async () => {
  const { page } = await openReport(orderReport());
  await page.getByRole('treegrid', { name: 'Findings' }).focus();
  await page.keyboard.press('?');
  await page.getByRole('checkbox', { name: /Single keys/ }).uncheck();
  await page.getByRole('button', { name: 'Close' }).click();
  await page.keyboard.press('2');
  await page.getByRole('heading', { name: /6 findings/ }).waitFor();
  assert.equal(await page.getByRole('heading', { name: /cycle/ }).count(), 0);
});

test('ten thousand findings: End reaches the last, the arrows go on from there', async () => {
  const { manyFindings } = await import('./fixtures/reports.ts');
  const { page } = await openReport(manyFindings(10_000));
  await page.getByRole('treegrid', { name: 'Findings' }).focus();
  await page.keyboard.press('End');
  await page.getByRole('row').nth(5).waitFor();
  const rows = Number(await page.getByRole('treegrid', { name: 'Findings' }).getAttribute('aria-rowcount'));
  assert.equal(rows, 10_001);
  const last = (await focused(page)).active;
  await page.keyboard.press('ArrowUp');
  assert.notEqual((await focused(page)).active, last);
  assert.ok((await page.getByRole('row').count()) < 60, 'rows out of sight exist');
});
