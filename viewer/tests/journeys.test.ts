// What an engineer does with a report, by what is written on the page only.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as orders from './fixtures/order_server.ts';
import { cleanReport, orderReport, twoProcesses } from './fixtures/reports.ts';
import { assertQuiet, openReport, openUrl, soon } from './support/browser.ts';
import { json } from './support/bundle_writer.ts';

test('find the leak: filter, open it, read why and where, follow it, share the link, come back', async () => {
  const opened = await openReport(orderReport());
  const { page } = opened;
  await page.getByRole('heading', { name: /6 findings/ }).waitFor();
  await page.getByRole('searchbox', { name: 'Filter findings' }).fill('session.cc');
  await page.getByText('2 findings of 7 shown').waitFor();
  await page.getByRole('row', { name: /412 coroutines/ }).click();
  const details = page.getByRole('complementary', { name: 'Details' });
  await details.getByText('no handle, promise or pointer into any of the 412 frames').waitFor();
  await details.getByRole('list', { name: 'Created at' }).getByText('Acceptor::accept()').waitFor();
  // The line of the leak is marked in its source.
  assert.match(await details.getByLabel('source around line 33').innerText(), /▶\s+33.*spawn\(session->serve\(\)\);/);
  await details.getByRole('list', { name: 'Await chain' }).getByText('Session::serve()').waitFor();

  await details.getByRole('button', { name: 'Show in Growth' }).click();
  await page.getByRole('heading', { name: /grew from each of 6 dumps/ }).waitFor();
  assert.equal(await page.getByRole('row', { name: /412 coroutines/ }).getAttribute('aria-selected'), 'true');
  const link = page.url();
  const again = await openUrl(link);
  await again.page.getByRole('heading', { name: /grew from each of 6 dumps/ }).waitFor();
  await again.page.getByRole('complementary', { name: 'Details' }).getByText('no handle, promise').waitFor();
  await page.goBack();
  await soon(async () => assert.equal(await page.getByRole('searchbox', { name: 'Filter findings' }).inputValue(), 'session.cc'));
  assertQuiet(opened);
  assertQuiet(again);
});

test('what grows: from the finding to its curve, from the curve to its findings', async () => {
  const opened = await openReport(orderReport());
  const { page } = opened;
  const details = page.getByRole('complementary', { name: 'Details' });
  await page.getByRole('row', { name: /Metrics::observe/ }).click();
  await details.getByRole('button', { name: 'Show in Growth' }).click();
  await page.getByRole('row', { name: /Metrics::observe.*1 finding/, selected: true }).waitFor();
  assert.equal(await page.getByRole('grid', { name: 'Groups' }).getByRole('row', { selected: true }).count(), 1);
  // Another curve is another finding, here and in the list of all.
  await page.getByRole('row', { name: /412 coroutines/ }).click();
  await details.getByRole('heading', { level: 2, name: /412 coroutines/ }).waitFor();
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Leaks' }).click();
  await page.getByRole('row', { name: /412 coroutines/, selected: true }).waitFor();
  assertQuiet(opened);

  // A group in a link: whatever was found in it is one click away.
  const group = orders.growth().groups.find((one) => one.title.includes('Metrics::observe'))!;
  const linked = await openReport(orderReport(), `#growth?sel=growth~${group.fingerprint}`);
  const beside = linked.page.getByRole('complementary', { name: 'Details' });
  await beside.getByRole('button', { name: /Metrics::observe/ }).click();
  await linked.page.getByRole('treegrid', { name: 'Findings' }).getByRole('row', { name: /Metrics::observe/, selected: true }).waitFor();
  assertQuiet(linked);
});

test('a range of time is one for all views: chosen in Growth, followed by the others, kept in the link, cleared in one place', async () => {
  const opened = await openReport(orderReport(), '#growth');
  const { page } = opened;
  const clear = page.getByRole('button', { name: /^Clear range/ });
  await page.getByRole('heading', { name: /from each of 6 dumps/ }).waitFor();
  // By keyboard: the looks from the fourth on; by mouse: dragged over the curves.
  await page.getByRole('combobox', { name: 'From' }).selectOption({ index: 3 });
  await page.getByRole('heading', { name: /from each of 3 dumps/ }).waitFor();
  await clear.click();
  await page.getByRole('heading', { name: /from each of 6 dumps/ }).waitFor();
  const place = (await page.getByRole('img', { name: /Number of tasks at 6 times/ }).boundingBox())!;
  await page.mouse.move(place.x + place.width * 0.66, place.y + 90);
  await page.mouse.down();
  await page.mouse.move(place.x + place.width - 40, place.y + 100, { steps: 5 });
  await page.mouse.up();
  await page.getByRole('heading', { name: /from each of 3 dumps/ }).waitFor();
  await page.waitForURL(/range=/);
  const groups = page.getByRole('grid', { name: 'Groups' });
  await groups.getByRole('row', { name: /412 coroutines.*251.*412/ }).waitFor();

  const views = page.getByRole('navigation', { name: 'Views' });
  await views.getByRole('link', { name: 'Leaks' }).click();
  const found = page.getByRole('treegrid', { name: 'Findings' });
  await page.getByText('3 findings of 7 shown').waitFor();
  assert.equal(await found.getByRole('row', { name: /412 coroutines/ }).count(), 0);
  await page.getByRole('tab', { name: /Tasks/ }).click();
  await page.getByText(/^\d+ rows? of 16 shown/).waitFor();
  await views.getByRole('link', { name: 'Profile' }).click();
  await page.getByRole('button', { name: 'Show the chosen range' }).click();
  await page.getByRole('combobox', { name: 'Profile' }).selectOption('tasks');
  await views.getByRole('link', { name: 'Leaks' }).click();

  const again = await openUrl(page.url());
  await again.page.getByRole('button', { name: /^Clear range/ }).waitFor();
  await again.page.getByText(/^\d+ rows? of 16 shown/).waitFor();
  await page.keyboard.press('Escape');
  await clear.waitFor({ state: 'detached' });
  await page.waitForURL((url) => !url.hash.includes('range='));
  assertQuiet(opened);
  assertQuiet(again);
});

test('what tasks waited for in a range is a profile; waits that began later are not in it', async () => {
  const opened = await openReport(orderReport(), '#profile?range=42000000000-43000000000&profile.of=in-range&profile.mode=top');
  const { page } = opened;
  // Two threads wait for a lock all of that second, nobody for balance yet.
  const top = page.getByRole('grid').first();
  await top.getByRole('row', { name: /1 s.*Bank::transfer/ }).waitFor();
  assert.equal(await top.getByRole('row', { name: /Bank::balance/ }).count(), 0);
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Waits' }).click();
  await page.getByText('Nobody waited for anybody in the chosen range').waitFor();
  await page.getByRole('button', { name: /^Clear range/ }).click();
  await page.getByRole('heading', { name: /[1-9]\d* tasks? waiting$/ }).waitFor();
  assertQuiet(opened);
});

test('facets narrow, suppressed findings are shown on demand, groups open to tasks', async () => {
  const { page } = await openReport(orderReport());
  const rows = page.getByRole('treegrid', { name: 'Findings' }).getByRole('row');
  await rows.nth(6).waitFor();
  assert.equal(await rows.count(), 1 + 6);
  await page.getByRole('button', { name: /proved/ }).first().click();
  assert.equal(await rows.count(), 1 + 3);
  await page.getByRole('button', { name: 'Clear' }).click();
  await page.getByRole('combobox', { name: 'Rule' }).selectOption('unjoined-thread');
  assert.equal(await rows.count(), 1 + 1);
  await page.getByRole('checkbox', { name: 'suppressed' }).check();
  assert.equal(await rows.count(), 1 + 2);
  await page.getByRole('button', { name: 'Clear' }).click();
  await page.getByRole('row', { name: /3 threads wait on a condition/ }).getByRole('button', { name: 'Open tasks' }).click();
  await page.getByRole('row', { name: /thread 8.*order-worker-1/ }).waitFor();
});

test('what is copied can be pasted into a suppressions file and into an issue', async () => {
  const { page } = await openReport(orderReport(), '', { permissions: ['clipboard-read', 'clipboard-write'] });
  await page.getByRole('row', { name: /2 threads wait for each other/ }).click();
  await page.getByRole('button', { name: 'Copy as Markdown' }).click();
  await page.getByText('copied').waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /### 2 threads wait for each other[\s\S]*bank\.cc:21/);
});

test('a deadlock from both ends: the finding, its ring, the task, the table, DOT', async () => {
  const { page } = await openReport(orderReport());
  await page.getByRole('row', { name: /2 threads wait for each other/ }).click();
  await page.getByRole('button', { name: 'Show in Waits' }).click();
  const picture = page.getByRole('listbox', { name: 'Who waits for whom' });
  await picture.getByRole('option', { name: /thread 2.*Bank::transfer.*deadlock D1.*waits for thread 3/, selected: true }).waitFor();
  await page.getByRole('complementary', { name: 'Details' }).getByText('blocked for 15 min').waitFor();
  await page.getByRole('tab', { name: 'Table' }).click();
  await page.getByRole('row', { name: /thread 3 audit/ }).waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save as DOT' }).click()]);
  assert.equal(download.suggestedFilename(), 'waits.dot');
});

test('who is to blame: the test that made the task, and its labels, can be read, filtered and copied', async () => {
  const { page } = await openReport(orderReport(), '', { permissions: ['clipboard-read', 'clipboard-write'] });
  await page.getByRole('searchbox', { name: 'Filter findings' }).fill('ordertest.refund');
  await page.getByRole('row', { name: /3 threads wait on a condition.*in test OrderTest\.Refund/ }).click();
  const details = page.getByRole('complementary', { name: 'Details' });
  await details.getByText('In test OrderTest.Refund').waitFor();
  await details.getByText('Labels: test=OrderTest.Refund tenant=globex (2), test=OrderTest.Refund tenant=acme (1)').waitFor();
  await details.getByRole('button', { name: 'Copy as Markdown' }).click();
  await page.getByText('copied').waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /In test: OrderTest\.Refund/);
  await page.getByRole('tab', { name: /Tasks/ }).click();
  await page.getByRole('searchbox', { name: 'Filter tasks' }).fill('tenant=acme');
  await page.getByText('1 row of 16 shown').waitFor();
  await page.getByRole('row', { name: /thread 7.*tenant=acme/ }).click();
  await details.getByRole('definition').filter({ hasText: 'test=OrderTest.Refund tenant=acme' }).waitFor();
});

test('search finds findings, tasks and objects, and goes there', async () => {
  const { page } = await openReport(orderReport());
  await page.getByRole('button', { name: /Search/ }).click();
  const box = page.getByRole('combobox', { name: /Search/ });
  await box.fill('accounts');
  const found = page.getByRole('listbox', { name: 'Found' });
  await found.getByRole('group', { name: 'Tasks' }).getByRole('option').first().waitFor();
  await found.getByRole('group', { name: 'Findings' }).getByRole('option', { name: /2 threads wait/ }).waitFor();
  await box.fill('waiter-5');
  await found.getByRole('option', { name: /thread 5/ }).click();
  await page.getByRole('complementary', { name: 'Details' }).getByRole('heading', { name: 'waiter-5' }).waitFor();
});

test('of several processes each task is its own', async () => {
  const { page } = await openReport(twoProcesses());
  await page.getByRole('tab', { name: /Tasks/ }).click();
  await page.getByRole('searchbox', { name: 'Filter tasks' }).fill('audit');
  assert.equal(await page.getByRole('grid', { name: 'Tasks' }).getByRole('row').count(), 1 + 2);
  await page.getByRole('row', { name: /audit/ }).last().click();
  await page.getByRole('complementary', { name: 'Details' }).getByText(/process 4712/).waitFor();
  await page.getByRole('tab', { name: /Findings/ }).click();
  await page.getByRole('row', { name: /2 threads wait for each other/ }).click();
  await page.getByRole('button', { name: 'thread 3 audit' }).click();
  await page.getByRole('complementary', { name: 'Details' }).getByText(/process 4711/).waitFor();
});

test('findings with one fingerprint are two: of two processes each has its own details', async () => {
  const [deadlock, leak] = orders.findings();
  const twice = [deadlock!, { ...leak!, fingerprint: deadlock!.fingerprint, pid: 4712 }];
  const sections = orderReport().map((one) => (one.name === 'leaks.json' ? json('leaks', orders.leaks(twice)) : one));
  const { page } = await openReport(sections);
  const details = page.getByRole('complementary', { name: 'Details' });
  for (const name of [/412 coroutines/, /2 threads wait/]) {
    await page.getByRole('row', { name }).click();
    await details.getByRole('heading', { level: 2, name }).waitFor();
    await page.getByRole('row', { name, selected: true }).waitFor();
    assert.equal(await page.getByRole('treegrid').getByRole('row', { selected: true }).count(), 1);
  }
});

test('nothing leaked: the tasks are there, and what is missing says how to get it', async () => {
  const opened = await openReport(cleanReport());
  const { page } = opened;
  await page.getByRole('heading', { name: 'No findings' }).waitFor();
  const tasks = page.getByRole('grid', { name: 'Tasks' });
  await tasks.getByRole('row', { name: /thread 2 transfer/ }).waitFor();
  await page.getByRole('combobox', { name: 'State' }).selectOption('running');
  assert.equal(await tasks.getByRole('row').count(), 1 + 1);
  await page.getByRole('link', { name: 'Growth' }).click();
  await page.getByText('give several dumps of one process').waitFor();
  await page.getByRole('link', { name: 'Timeline' }).click();
  await page.getByText('No history: the process was not recorded').waitFor();
  assertQuiet(opened);
});

test('the theme can be turned, and stays', async () => {
  const { page } = await openReport(orderReport(), '', { colorScheme: 'dark' });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await ground();
  await page.getByRole('button', { name: 'Light theme' }).click();
  assert.notEqual(await ground(), dark);
  await page.reload();
  await page.getByRole('button', { name: 'Dark theme' }).waitFor();
});
