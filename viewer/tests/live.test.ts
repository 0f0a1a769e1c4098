// Served mode: the strict policy, the token, the stream of changes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TaskRow } from '../src/model/task.ts';
import * as orders from './fixtures/order_server.ts';
import { loadReport, orderReport } from './fixtures/reports.ts';
import { FrameTable } from './fixtures/frames.ts';
import { profileSection } from './fixtures/profile.ts';
import { waits } from './fixtures/waits.ts';
import { assertQuiet, openUrl } from './support/browser.ts';
import { json, type Section } from './support/bundle_writer.ts';
import { packRows } from './support/packed_rows.ts';
import { StandIn } from './support/server.ts';

const snap = (rows: TaskRow[], seq = 1) => ({ seq, meta: orders.meta({ live: true, control: true }), tasks: packRows(rows) });
const thread = (id: number, given: Partial<TaskRow> = {}): TaskRow => ({ ...orders.taskRows()[0]!, id, name: `thread number ${id}`, main: false, ...given });

test('under the strict policy every view works, workers included', async () => {
  const server = await StandIn.start(orderReport());
  server.onConnect = (say) => say('snap', snap(orders.taskRows()), 1);
  const opened = await openUrl(server.page());
  const { page } = opened;
  await page.getByRole('treegrid', { name: 'Findings' }).waitFor();
  for (const title of ['Leaks', 'Waits', 'Profile', 'Timeline', 'Growth']) {
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: title }).click();
    await page.getByRole('main', { name: title }).getByRole('heading').first().waitFor();
  }
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Waits' }).click();
  await page.getByRole('listbox', { name: 'Who waits for whom' }).getByRole('option').first().waitFor();
  assertQuiet(opened);
});

test('a snapshot, then changes: tasks come and go, findings appear', async () => {
  const server = await StandIn.start(orderReport());
  server.sections.delete('leaks.json');
  server.onConnect = (say) => say('snap', snap([thread(1), thread(2)]), 1);
  const { page } = await openUrl(server.page());
  await page.getByText('live', { exact: true }).waitFor();
  await page.getByRole('tab', { name: /Tasks/ }).click();
  const grid = page.getByRole('grid', { name: 'Tasks' });
  await grid.getByRole('row', { name: /thread number 2/ }).waitFor();
  const counts = { ...orders.counts, threads: { live: 77, created: 90 } };
  server.say('d', { seq: 2, counts, t_ms: Date.now(), upsert: packRows([thread(3), thread(2, { state: 'running' })]), remove: [['thread', 1]] }, 2);
  await grid.getByRole('row', { name: /thread number 3/ }).waitFor();
  await grid.getByRole('row', { name: /thread number 2.*running/ }).waitFor();
  assert.equal(await grid.getByRole('row', { name: /thread number 1/ }).count(), 0);
  await page.getByText(/77 threads/).waitFor();
  server.say('leaks', { seq: 3, leaks: orders.leaks(), waits: waits() }, 3);
  await page.getByRole('tab', { name: /Findings/ }).click();
  await page.getByRole('treegrid', { name: 'Findings' }).getByRole('row', { name: /2 threads wait for each other/ }).waitFor();
});

test('cards of Waits have the labels of their tasks, also those that a task got since', async () => {
  const server = await StandIn.start(orderReport());
  const labelled = thread(2, { labels: { tenant: 'acme' } });
  server.onConnect = (say) => { say('snap', snap([labelled, thread(3)]), 1); say('leaks', { seq: 2, leaks: orders.leaks(), waits: waits() }, 2); };
  const { page } = await openUrl(`${server.page()}#waits`);
  const cards = page.getByRole('listbox', { name: 'Who waits for whom' });
  await cards.getByRole('option', { name: /transfer.*tenant=acme/ }).waitFor();
  server.say('d', { seq: 3, counts: orders.counts, t_ms: Date.now(), upsert: packRows([thread(3, { labels_now: { tenant: 'zeta' } })]), remove: [] }, 3);
  await cards.getByRole('option', { name: /audit.*tenant=zeta/ }).waitFor();
  await page.getByRole('tab', { name: 'Table' }).click();
  await page.getByText(/tenant=zeta/).first().waitFor();
});

test('space freezes what is shown, and again shows what happened meanwhile', async () => {
  const server = await StandIn.start(orderReport());
  server.onConnect = (say) => say('snap', snap([thread(1)]), 1);
  const { page } = await openUrl(server.page());
  await page.getByRole('tab', { name: /Tasks/ }).click();
  const grid = page.getByRole('grid', { name: 'Tasks' });
  await grid.getByRole('row', { name: /thread number 1/ }).waitFor();
  await grid.focus();
  await page.keyboard.press('Space');
  await page.getByText('frozen').waitFor();
  server.say('d', { seq: 2, counts: orders.counts, t_ms: 2, upsert: packRows([thread(5)]), remove: [] }, 2);
  // The note of a gap is shown at once: what came before it has come, too.
  server.say('gap', {}, 3);
  await page.getByText(/some changes were missed/).waitFor();
  assert.equal(await grid.getByRole('row', { name: /thread number 5/ }).count(), 0);
  await page.keyboard.press('Space');
  await grid.getByRole('row', { name: /thread number 5/ }).waitFor();
});

test('a lost connection comes again where it was; a process that ended stays to be looked at', async () => {
  const server = await StandIn.start(orderReport());
  server.onConnect = (say) => say('snap', snap([thread(1)]), 41);
  const { page } = await openUrl(server.page());
  await page.getByRole('tab', { name: /Tasks/ }).click();
  // The connection is there before the first event is.
  await page.getByRole('grid', { name: 'Tasks' }).getByRole('row', { name: /thread number 1/ }).waitFor();
  const again = new Promise<void>((come) => { server.onConnect = (say) => { say('snap', snap([thread(9)]), 50); come(); }; });
  server.drop();
  await again;
  assert.deepEqual(server.resumed, [undefined, '41']);
  await page.getByRole('grid', { name: 'Tasks' }).getByRole('row', { name: /thread number 9/ }).waitFor();
  server.say('gone', { note: 'it ended with 0' }, 51);
  await page.getByText('ended – it ended with 0').waitFor();
  await page.getByRole('grid', { name: 'Tasks' }).getByRole('row', { name: /thread number 9/ }).waitFor();
});

test('what grows while one looks: ages go on, and the groups that become more are told', async () => {
  const server = await StandIn.start(orderReport().filter(({ name }) => name !== 'growth.json'));
  const parked = (count: number) => thread(5, { kind: 'coroutine', count, name: 'Session::read()', labels: { tenant: 'acme' }, state: 'suspended' });
  server.onConnect = (say) => say('snap', snap([thread(1), parked(3)]), 1);
  const { page } = await openUrl(`${server.page()}#growth`);
  await page.getByRole('heading', { name: 'Not in this report' }).waitFor();
  // A sample a second is kept, by the page's clock: told of often enough, there are two.
  let seq = 1;
  const grow = setInterval(() => server.say('d', { seq: ++seq, counts: orders.counts, t_ms: Date.now(), upsert: packRows([parked(3 + seq)]), remove: [] }, seq), 50);
  try {
    await page.getByRole('heading', { name: /^1 group grew in the last/ }).waitFor();
    await page.getByRole('row', { name: /coroutines of Session::read.*\[tenant=acme\].*grows/ }).click();
  } finally {
    clearInterval(grow);
  }
  await page.getByRole('complementary', { name: 'Details' }).getByRole('rowheader').nth(1).waitFor();
});

test('with control a dump can be asked for', async () => {
  const server = await StandIn.start(orderReport());
  server.onConnect = (say) => say('snap', snap([thread(1)]), 1);
  const { page } = await openUrl(server.page());
  await page.getByRole('button', { name: 'Write a dump' }).click();
  await page.getByText('written to orderd.dump').waitFor();
  assert.deepEqual(server.posted, ['/api/dump']);
});

test('of several processes one is chosen; a wrong token is told', async () => {
  const server = await StandIn.start(orderReport());
  server.targets = [...server.targets, { id: 'old', pid: 12, program: '/srv/old', live: false, note: 'a recording' }];
  const { page } = await openUrl(server.page({}));
  await page.getByRole('link', { name: 'old 12' }).click();
  await page.getByRole('treegrid', { name: 'Findings' }).waitFor();
  await page.getByRole('combobox', { name: 'Process' }).selectOption('4711');
  await page.getByText('live', { exact: true }).waitFor();

  const wrong = await openUrl(`${server.url}?token=no`);
  await wrong.page.getByText(/The token in the address is not the one/).waitFor();
});

test('profiles and timeline of a running process are taken anew together', async () => {
  const server = await StandIn.start(orderReport({ live: true }));
  server.anew = () => loadReport({}).filter(({ name }) => name === 'timeline').concat(anewProfile());
  const opened = await openUrl(server.page() + '#profile');
  const { page } = opened;
  await page.getByRole('heading', { name: 'tasks: 547 tasks' }).waitFor();
  await page.getByRole('button', { name: 'Take anew' }).click();
  await page.getByRole('heading', { name: 'tasks: 12 tasks' }).waitFor();
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Timeline' }).click();
  await page.getByRole('heading', { name: 'Nothing on the timeline' }).waitFor();
  assertQuiet(opened);
});

function anewProfile(): Section[] {
  const table = new FrameTable();
  const made = profileSection('profile.0', 'tasks', [{ frames: [table.frame({ function: 'other()' })], values: [12] }], 1);
  const profiles = [{ section: 'profile.0', type: 'tasks', value_types: [{ type: 'tasks', unit: 'count' }], shown: 0, comments: [], total: made.total }];
  return [made.section, json('meta', orders.meta({ live: true, profiles })), ...table.sections()];
}
