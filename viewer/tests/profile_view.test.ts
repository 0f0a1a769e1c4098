// The profile view as people use it: by pointer, by keyboard alone, by link. And what its canvas shows
// is what `go tool pprof` says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DrawnBox } from '../src/canvas/hook.ts';
import { FrameTable } from './fixtures/frames.ts';
import * as orders from './fixtures/order_server.ts';
import { profileSection } from './fixtures/profile.ts';
import { orderReport } from './fixtures/reports.ts';
import { assertQuiet, openReport, soon } from './support/browser.ts';
import { json, type Section } from './support/bundle_writer.ts';
import { boxesOf, clickBox } from './support/canvas.ts';
import { encodePprof, type PprofSample, pprofTop, withPprof } from './support/pprof.ts';
import { Random } from './support/random.ts';

function randomSamples(): PprofSample[] {
  const random = new Random(21);
  return Array.from({ length: 120 }, () => ({
    functions: ['main', ...Array.from({ length: 1 + random.below(5) }, () => `work::step_${random.below(14)}`)],
    value: 1 + random.below(40),
  }));
}

function reportOf(samples: readonly PprofSample[]): Section[] {
  const table = new FrameTable();
  // Every call on a line of its own: the picture has to fold them.
  const frames = ({ functions }: PprofSample, at: number) => functions.map((name) => table.frame({ function: name, file: 'work.cc', line: 1 + at % 5, module: '/srv/app' }));
  const made = profileSection('profile.0', 'tasks', samples.map((one, at) => ({ frames: frames(one, at), values: [one.value] })), 1);
  const profiles = [{ section: 'profile.0', type: 'tasks', value_types: [{ type: 'tasks', unit: 'count' }], shown: 0, comments: [], total: made.total }];
  return [json('meta', orders.meta({ profiles })), json('leaks', orders.leaks([])), made.section, ...table.sections()];
}

const sum = (boxes: DrawnBox[]) => boxes.reduce((all, one) => all + one.value, 0);

test('the boxes of the canvas and the rows of the table sum up to what go tool pprof says', async () => {
  const samples = randomSamples();
  const total = samples.reduce((all, one) => all + one.value, 0);
  const expected = withPprof(encodePprof(samples, 'tasks', 'count'), pprofTop);
  const { page } = await openReport(reportOf(samples), '#profile', { viewport: { width: 3800, height: 900 } });
  const boxes = await boxesOf(page, '.flame');
  assert.deepEqual(boxes.filter((one) => one.y <= 1).map((one) => [one.text, one.value]), [['all', total], ['main', total]]);
  // A function's boxes that lie below none of its own are its cumulative weight.
  const wide = boxes.filter((one) => one.text.startsWith('work::'));
  for (const [name, { cum }] of expected) {
    const own = wide.filter((one) => one.text === name);
    const outermost = own.filter((one) => !own.some((other) => other.y < one.y && other.x <= one.x + 1e-6 && other.x + other.width >= one.x + one.width - 1e-6));
    if (name !== 'main') assert.equal(sum(outermost), cum, name);
  }
  await page.getByRole('button', { name: 'Top', exact: true }).click();
  const rows = await page.getByRole('grid', { name: /functions by weight/ }).getByRole('row').filter({ has: page.getByRole('gridcell') }).allInnerTexts();
  const shown = new Map(rows.map((row) => {
    const [flat, cum, name] = row.split('\n').map((cell) => cell.trim());
    return [name!, { flat: Number.parseInt(flat!.replaceAll('\u202f', ''), 10), cum: Number.parseInt(cum!.replaceAll('\u202f', ''), 10) }];
  }));
  assert.deepEqual(new Map([...shown].sort()), new Map([...expected].sort()));
});

test('what is typed is found: the matched sum, and regular expressions that are not whole yet', async () => {
  const opened = await openReport(orderReport(), '#profile');
  const { page } = opened;
  const find = page.getByRole('searchbox', { name: 'Find functions, files, modules' });
  await find.fill('session::');
  await page.getByText('452 match, 82.6 %').waitFor();
  await find.fill('/Metrics::(tick|observe)/');
  await page.getByText('75 match, 13.7 %').waitFor();
  await find.fill('/(/');
  await page.getByText('Not a regular expression yet').waitFor();
  await find.fill('nowhere');
  await page.getByText('Nothing matches').waitFor();
  assertQuiet(opened);
});

test('a click zooms, the link keeps it, Escape and the path lead back', async () => {
  const { page } = await openReport(orderReport(), '#profile');
  const serve = (await boxesOf(page, '.flame')).find((one) => one.text === 'Session::serve()')!;
  await clickBox(page, '.flame', serve);
  const path = page.getByRole('navigation', { name: 'Zoomed to' });
  await path.getByText('Session::serve', { exact: false }).waitFor();
  await page.waitForURL(/profile\.zoom=/);
  await soon(async () => {
    const zoomed = (await boxesOf(page, '.flame')).find((one) => one.text === 'Session::serve()')!;
    assert.ok(zoomed.width > serve.width * 1.1);
  });
  const link = page.url();
  await page.keyboard.press('Escape');
  await path.waitFor({ state: 'detached' });
  await page.waitForURL((url) => !url.hash.includes('zoom'));
  await page.goto('about:blank');
  await page.goto(link);
  await path.getByRole('button', { name: 'main' }).click();
  await soon(async () => {
    const main = (await boxesOf(page, '.flame')).filter((one) => one.y === 1);
    assert.deepEqual(main.map((one) => one.text), ['main']);
  });
});

test('by keyboard alone: walk, zoom, callers and callees, details', async () => {
  const opened = await openReport(orderReport(), '#profile');
  const { page } = opened;
  await boxesOf(page, '.flame');
  const at = page.getByRole('treeitem', { selected: true });
  const press = async (key: string, name: RegExp) => {
    await page.keyboard.press(key);
    await at.filter({ hasText: name }).waitFor();
  };
  await page.keyboard.press('f');
  for (let tabs = 0; tabs < 10 && (await page.evaluate(() => document.activeElement?.getAttribute('role'))) !== 'tree'; ++tabs) await page.keyboard.press('Tab');
  await press('ArrowDown', /^main: 532/);
  await press('ArrowDown', /^Server::run\(\): 532/);
  await press('ArrowDown', /^Acceptor::accept\(\): 452/);
  await press('ArrowRight', /^Metrics::observe\(\): 75/);
  await press('ArrowRight', /^Reactor::poll\(\): 5/);
  await press('ArrowLeft', /^Metrics::observe/);
  const named = await page.getByRole('tree').getAttribute('aria-activedescendant');
  assert.match(await page.locator(`#${named}`).innerText(), /^Metrics::observe/);
  assert.ok((await page.getByRole('treeitem').count()) <= 60);
  await page.keyboard.press('Enter');
  await page.getByRole('navigation', { name: 'Zoomed to' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('i');
  const details = page.getByRole('complementary', { name: 'Details' });
  await details.getByRole('heading', { name: 'Metrics::observe()' }).waitFor();
  await page.getByRole('tree').focus();
  await page.keyboard.press('c');
  await page.getByRole('tree', { name: 'Callers of Metrics::observe()' }).waitFor();
  const callees = await boxesOf(page, '.halves .flame:last-child');
  assert.deepEqual(callees.map((one) => one.text).sort(), ['Metrics::tick()', 'all']);
  assertQuiet(opened);
});

test('two recordings compared: new, gone, more and less, in letters and in columns', async () => {
  const { page } = await openReport(orderReport(), '#profile?profile.of=2');
  const boxes = await boxesOf(page, '.flame');
  const root = boxes.find((one) => one.text === 'all')!;
  assert.equal(root.value, 547);
  const tree = page.getByRole('tree');
  await tree.focus();
  await page.keyboard.press('ArrowDown');
  await page.getByRole('treeitem', { selected: true, name: /^main: 532.*\+198$/ }).waitFor();
  await page.getByRole('button', { name: 'Top', exact: true }).click();
  const warm = page.getByRole('row', { name: /Cache::warm/ });
  assert.match(await warm.innerText(), /−14/);
  await page.getByRole('checkbox', { name: 'Normalise' }).check();
  const main = page.getByRole('row').filter({ has: page.getByRole('gridcell', { name: 'main', exact: true }) });
  assert.match(await main.innerText(), /[+−]\d/);
});

test('lines in the source with what they weigh, and other profiles and values', async () => {
  const opened = await openReport(orderReport(), '#profile?profile.mode=source');
  const { page } = opened;
  const lines = page.getByRole('region', { name: /^Lines of/ });
  await lines.waitFor();
  await page.getByRole('combobox', { name: 'File', exact: true }).selectOption('src/acceptor.cc');
  assert.match(await lines.getByRole('row').filter({ hasText: 'spawn(session->serve())' }).innerText(), /^\s*452\s+33/);
  await page.getByRole('combobox', { name: 'Profile' }).selectOption('heap');
  await page.getByRole('heading', { name: /^heap: 3\.4 MiB/ }).waitFor();
  await page.getByRole('combobox', { name: 'Value' }).selectOption('inuse_objects');
  await page.getByRole('heading', { name: /^heap: .* inuse_objects/ }).waitFor();
  assertQuiet(opened);
});

test('nothing to draw, and a profile that is damaged, are said', async () => {
  const empty = await openReport(reportOf([]), '#profile');
  await empty.page.getByRole('heading', { name: 'Nothing to draw' }).waitFor();
  const sections = reportOf(randomSamples()).filter((one) => one.name !== 'frames');
  const broken = await openReport(sections, '#profile');
  await broken.page.getByText('The names of its frames are missing.').waitFor();
  assertQuiet(broken);
});
