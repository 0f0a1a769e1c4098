// The timeline as people use it: by pointer, by keyboard alone, by link, as a table.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { FrameTable } from './fixtures/frames.ts';
import * as orders from './fixtures/order_server.ts';
import { orderReport } from './fixtures/reports.ts';
import { type Lane, timelineSection } from './fixtures/timeline.ts';
import { assertQuiet, openReport, soon } from './support/browser.ts';
import { json, type Section } from './support/bundle_writer.ts';
import { boxesOf } from './support/canvas.ts';

const second = 1e9;

function reportOf(lanes: Lane[], end = 10 * second): Section[] {
  return [json('meta', orders.meta()), json('leaks', orders.leaks([])), timelineSection(end, lanes), ...new FrameTable().sections()];
}

async function clickSpan(page: Page, text: RegExp): Promise<void> {
  const box = (await boxesOf(page, '.lanes')).find((one) => text.test(one.text));
  assert.ok(box, `no span ${text} on the screen`);
  const place = (await page.locator('.lanes').boundingBox())!;
  await page.mouse.click(place.x + box.x + box.width / 2, place.y + box.y + box.height / 2);
}

test('what is drawn is what was recorded: every span long enough to be seen, as wide as it took', async () => {
  const opened = await openReport(orderReport(), '#timeline', { viewport: { width: 1600, height: 1200 } });
  const boxes = await boxesOf(opened.page, '.lanes');
  const leaked = boxes.filter((one) => /leaked/.test(one.text));
  assert.equal(leaked.length, 10);
  const right = Math.max(...boxes.map((one) => one.x + one.width));
  for (const one of leaked) assert.ok(one.x + one.width > right - 1, 'what leaked goes on to the edge');
  const scale = leaked[0]!.width / leaked[0]!.value;
  for (const one of boxes) if (one.text) assert.ok(Math.abs(one.width - one.value * scale) < 9, `${one.text}: ${one.width}`);
  const waits = boxes.filter((one) => /^transfer: mutex,/.test(one.text)).length;
  assert.equal(waits, 27);
  assertQuiet(opened);
});

test('a click picks, says who held it and that the holder was blocked too; ] and [ follow the chain', async () => {
  const opened = await openReport(orderReport(), '#timeline');
  const { page } = opened;
  const picked = page.locator('.below');
  await clickSpan(page, /^transfer: mutex 0x55d0c0a81040 \(accounts\), leaked/);
  await picked.getByText('held by audit').waitFor();
  await picked.getByText('a circle of 2: each waits for what the next one holds').waitFor();
  await page.keyboard.press(']');
  await picked.getByText('held by transfer').waitFor();
  await page.keyboard.press('[');
  await picked.getByText('held by audit').waitFor();
  await page.getByRole('button', { name: 'Details' }).click();
  const details = page.getByRole('complementary', { name: 'Details' });
  await details.getByRole('heading', { name: 'transfer: mutex' }).waitFor();
  await details.getByText('Bank::transfer(Account&, Account&)').waitFor();
  const link = page.url();
  await page.goto('about:blank');
  await page.goto(link);
  await picked.getByText('held by audit').waitFor();
  await details.getByRole('heading', { name: 'transfer: mutex' }).waitFor();
  assertQuiet(opened);
});

test('by keyboard alone: lanes, spans, picking, zooming, a range, back out', async () => {
  const opened = await openReport(orderReport(), '#timeline');
  const { page } = opened;
  await boxesOf(page, '.lanes');
  const tree = page.getByRole('tree', { name: /^Lanes/ });
  const at = page.getByRole('treeitem', { selected: true });
  await page.keyboard.press('f');
  for (let tabs = 0; tabs < 30 && !(await tree.evaluate((element) => element === document.activeElement)); ++tabs) await page.keyboard.press('Tab');
  await at.filter({ hasText: /^orderd, thread, 30 spans$/ }).waitFor();
  await page.keyboard.press('ArrowDown');
  await at.filter({ hasText: 'WorkerPool::start, 5 lanes' }).waitFor();
  await page.keyboard.press('ArrowDown');
  await at.filter({ hasText: /^transfer, thread/ }).waitFor();
  await page.keyboard.press('ArrowRight');
  await at.filter({ hasText: /^mutex, waits for a lock, 400 ms, from/ }).waitFor();
  await page.keyboard.press('ArrowRight');
  const named = await tree.getAttribute('aria-activedescendant');
  assert.match(await page.locator(`#${named}`).innerText(), /^mutex, waits for a lock/);
  assert.ok((await page.getByRole('treeitem').count()) <= 60);
  const before = (await boxesOf(page, '.lanes')).find((one) => /^transfer: mutex/.test(one.text))!;
  await page.keyboard.press('w');
  await page.waitForURL(/timeline\.at=/);
  await soon(async () => {
    const after = (await boxesOf(page, '.lanes')).find((one) => /^transfer: mutex/.test(one.text))!;
    assert.ok(after.width > before.width * 1.3);
  });
  await page.keyboard.press('Enter');
  await page.waitForURL(/timeline\.pick=/);
  await page.keyboard.press('m');
  await page.waitForURL(/range=/);
  for (const gone of [/range=/, /pick=/, /timeline\.at=/]) {
    await page.keyboard.press('Escape');
    await page.waitForURL((url) => !gone.test(url.hash));
  }
  assertQuiet(opened);
});

test('a drag marks a range; the table shows what is in it; filters narrow both', async () => {
  const { page } = await openReport(orderReport(), '#timeline');
  await boxesOf(page, '.lanes');
  const place = (await page.locator('.lanes').boundingBox())!;
  await page.mouse.move(place.x + place.width - 40, place.y + 60);
  await page.mouse.down();
  await page.mouse.move(place.x + place.width - 10, place.y + 80, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/range=/);
  await page.keyboard.press('t');
  const table = page.getByRole('grid', { name: /spans$/ });
  await table.getByRole('row', { name: /suspended/ }).first().waitFor();
  assert.equal(await table.getByRole('row', { name: /mutex 0x55d0c0a81040 \(accounts\).*audit/ }).count(), 4);
  await page.getByRole('searchbox').fill('waiter');
  await page.getByText(/^3 spans of/).waitFor();
  assert.equal(await table.getByRole('row', { name: /waiter/ }).count(), 3);
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await page.getByRole('button', { name: 'leaked' }).click();
  await table.getByRole('row', { name: /suspended/ }).first().waitFor({ state: 'detached' });
  await page.getByRole('combobox', { name: 'Spans' }).selectOption('10000000000');
  await page.getByText(/spans? of \d+ shown/).waitFor();
});

test('groups fold; the wheel scrolls and, with Ctrl, zooms', async () => {
  const opened = await openReport(orderReport(), '#timeline');
  const { page } = opened;
  const boxes = await boxesOf(page, '.lanes');
  await page.getByRole('button', { name: 'Fold groups' }).click();
  await page.getByRole('button', { name: 'Unfold groups' }).waitFor();
  await page.waitForFunction((count) => (document.querySelector('.lanes') as unknown as { trackCanvas: { boxes(): unknown[] } }).trackCanvas.boxes().length < count, boxes.length);
  await page.getByRole('button', { name: 'Unfold groups' }).click();
  const place = (await page.locator('.lanes').boundingBox())!;
  await page.mouse.move(place.x + place.width * 0.7, place.y + 100);
  await page.keyboard.down('Control');
  await page.mouse.wheel(0, -300);
  await page.keyboard.up('Control');
  await page.waitForURL(/timeline\.at=/);
  assertQuiet(opened);
});

test('no lanes, one span, and a section that is damaged', async () => {
  const none = await openReport(reportOf([]), '#timeline');
  await none.page.getByRole('heading', { name: 'Nothing on the timeline' }).waitFor();
  const one = await openReport(reportOf([{ id: 'thread:1', parent: '', kind: 'thread', tid: 7, name: 'main', group: '', spans: [{ start: 2 * second, duration: second, name: 'mutex' }] }]), '#timeline');
  const boxes = await boxesOf(one.page, '.lanes');
  assert.deepEqual(boxes.map((box) => box.text), ['main: mutex, waits for a lock, 1 s']);
  const sections = reportOf([]).map((section) => (section.name === 'timeline' ? { ...section, raw: section.raw.slice(0, 40) } : section));
  const broken = await openReport(sections, '#timeline');
  await broken.page.getByRole('heading', { name: 'This part of the report is damaged' }).waitFor();
  for (const opened of [none, one, broken]) assertQuiet(opened);
});
