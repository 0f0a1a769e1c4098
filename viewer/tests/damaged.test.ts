// What strangers and accidents make of a report: a message, never an empty page, never a script run.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import * as orders from './fixtures/order_server.ts';
import { emptyReport, hostileReport, orderReport } from './fixtures/reports.ts';
import { assertQuiet, openReport, openUrl, writePage } from './support/browser.ts';
import { bundleFile, json, reportHtml, sectionTag } from './support/bundle_writer.ts';
import { Random } from './support/random.ts';

const views = ['Leaks', 'Waits', 'Profile', 'Timeline', 'Growth'];

// Each view, by its key; that it shows something, and is done with reading.
async function everyView(page: Page): Promise<void> {
  await page.getByRole('navigation', { name: 'Views' }).waitFor();
  for (const [at, name] of views.entries()) {
    await page.keyboard.press(String(at + 1));
    await page.waitForFunction((title) => {
      const main = document.querySelector(`main[aria-label="${title}"]`) as HTMLElement | null;
      const text = main?.innerText.trim() ?? '';
      return text.length > 20 && !/(Opening|Reading|Laying out) …/.test(text);
    }, name);
  }
}

test('hostile names are shown and do nothing', async () => {
  const opened = await openReport(hostileReport());
  const { page } = opened;
  await page.getByRole('row', { name: /<\/script><script>/ }).click();
  await page.getByRole('complementary', { name: 'Details' }).waitFor();
  await everyView(page);
  await page.keyboard.press('/');
  await page.keyboard.type('script');
  await page.getByRole('listbox', { name: 'Found' }).getByRole('option').first().waitFor();
  assert.doesNotMatch(await page.title(), /owned/);
  assertQuiet(opened);
});

test('a page without a report asks for one, and opens a bundle file', async () => {
  const opened = await openReport(emptyReport());
  const { page } = opened;
  await page.getByRole('heading', { name: 'No report is in this page' }).waitFor();
  const file = page.getByLabel('Open a bundle');
  await file.setInputFiles({ name: 'x.track', mimeType: 'application/octet-stream', buffer: Buffer.from('something else') });
  await page.getByText(/does not begin with TRKVIEW1/).waitFor();
  await file.setInputFiles({ name: 'orders.track', mimeType: 'application/octet-stream', buffer: bundleFile(orderReport()) });
  await page.getByRole('heading', { name: /6 findings/ }).waitFor();
  await everyView(page);
  assertQuiet(opened);
});

test('a report cut off anywhere shows what is left and says what is missing', async () => {
  const html = reportHtml(orderReport());
  const sections = html.indexOf('<script type="application/octet-stream"');
  const random = new Random(3);
  for (let i = 0; i < 8; ++i) {
    const at = sections + random.below(html.length - sections);
    const { page, complaints } = await openUrl(writePage(html.slice(0, at)));
    await everyView(page);
    assert.deepEqual(complaints, [], `cut at ${at}`);
    await page.context().close();
  }
});

test('a section with any bytes in it is told in its view; the others go on', async () => {
  const random = new Random(5);
  const noise = Buffer.from(Array.from({ length: 400 }, () => random.below(256)));
  for (const damaged of orderReport().map((one) => one.name)) {
    const sections = orderReport().map((one) => one.name === damaged ? { ...one, raw: noise } : one);
    const opened = await openReport(sections);
    await everyView(opened.page);
    if (damaged === 'leaks.json') {
      await opened.page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Leaks' }).click();
      await opened.page.getByText(/Section "leaks.json" cannot be read/).waitFor();
    }
    assert.deepEqual(opened.complaints, [], damaged);
    await opened.page.context().close();
  }
});

test('JSON of another shape fails its view, not the page', async () => {
  const meta = json('meta', orders.meta());
  for (const [name, value] of [['leaks', { findings: [{}] }], ['leaks', []], ['tasks', { processes: 1 }], ['waits', { graph: { nodes: 3 } }], ['growth', { dumps: [1, 2], groups: [{}] }], ['leaks', null]] as const) {
    const { page } = await openReport([meta, json(name, value)]);
    await everyView(page);
    await page.context().close();
  }
});

test('a bundle of another format says so', async () => {
  const { page } = await openReport([json('meta', { ...orders.meta(), schema: 2 })]);
  await page.getByText(/of format 2; this viewer reads format 1/).waitFor();
});

test('with scripts blocked, as Jenkins does it, the table is there to read', async () => {
  const table = '<table><tr><th>What</th></tr><tr><td>2 threads wait for each other</td></tr></table>';
  const html = reportHtml(orderReport(), table);
  const server = createServer((_, response) =>
    response.writeHead(200, { 'Content-Type': 'text/html', 'Content-Security-Policy': "sandbox; default-src 'none'; img-src 'self'; style-src 'self';" }).end(html));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    const { page } = await openUrl(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.getByRole('cell', { name: '2 threads wait for each other' }).waitFor();
  } finally {
    server.close();
    server.closeAllConnections();
  }
  // With scripts it gives way to the app.
  const { page } = await openUrl(writePage(html));
  await page.getByRole('treegrid', { name: 'Findings' }).waitFor();
  assert.equal(await page.getByRole('cell', { name: '2 threads wait for each other', exact: true }).count(), 0);
});

test('nothing in the page ends a section early or names an address outside', () => {
  const html = reportHtml([]);
  assert.equal(html.match(/<!--track:/g), null);
  assert.equal(html.match(/<script/g)?.length, 1);
  assert.equal(html.match(/<\/script/g)?.length, 1);
  const addresses = [...html.matchAll(/(?:https?:)?\/\/[a-z0-9-]+(?:\.[a-z0-9-]+)+[^\s"'`]*/gi)].map(([one]) => one).filter((one) => !one.startsWith('http://www.w3.org/'));
  assert.deepEqual(addresses, []);
  assert.doesNotMatch(sectionTag({ name: 'x', raw: Buffer.from('</script>') }).slice(0, -12), /<\/script/);
});

test('a record with parts that were not visible is not called complete', async () => {
  const opened = await openReport(orderReport());
  const line = await opened.page.getByRole('contentinfo').innerText();
  assert.doesNotMatch(line, /record is complete/);
  assert.match(line, /not all is visible/);
  assertQuiet(opened);
});
