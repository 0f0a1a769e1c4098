// The page of the real `track serve`, as an engineer uses it beside a program that leaks: by what is
// written on it only. scripts/viewer --served TRACK LIBRARY PROGRAM; the program is growing_target.
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { assertQuiet, openUrl } from '../support/browser.ts';

const [track, library, program] = ['TRACK', 'TRACK_LIBRARY', 'TRACK_PROGRAM'].map((name) => {
  const path = process.env[name];
  assert.ok(path, `${name} is not set; run scripts/viewer --served`);
  return path;
});

const folder = mkdtempSync(join(tmpdir(), 'served-'));
chmodSync(folder, 0o700);

class Told {
  private readonly process: ChildProcessByStdio<Writable, Readable, null>;
  private readonly lines: AsyncIterator<string>;

  constructor() {
    this.process = spawn(program!, [], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, LD_PRELOAD: library, TRACK_OPTIONS: `dir=${folder}/recording` } });
    this.lines = createInterface(this.process.stdout)[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.process.pid!;
  }

  async do(order: string): Promise<void> {
    this.process.stdin.write(`${order}\n`);
    assert.equal((await this.lines.next()).value, 'ready', order);
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }
}

async function serve(pid: number): Promise<string> {
  const server = spawn(track!, ['serve', String(pid), '--control'], { stdio: ['ignore', 'pipe', 'inherit'], cwd: folder });
  after(async () => {
    server.kill('SIGINT');
    if (server.exitCode === null) await once(server, 'exit');
    rmSync(folder, { recursive: true });
  });
  for await (const line of createInterface(server.stdout)) {
    const found = /^page +(http\S+)/.exec(line);
    if (found) return found[1]!;
  }
  throw new Error('track serve told no address');
}

async function goTo(page: Page, view: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: view }).click();
  await page.getByRole('main', { name: view }).waitFor();
}

test('beside a program that leaks: see it grow, find the deadlock, follow it, keep it', async () => {
  const target = new Told();
  after(() => target.kill());
  await target.do('leak 4');
  const opened = await openUrl(await serve(target.pid));
  const { page } = opened;
  const details = page.getByRole('complementary', { name: 'Details' });

  // Nothing is wrong yet; all tasks are listed.
  await page.getByRole('heading', { name: 'No findings' }).waitFor();
  await page.getByText('live', { exact: true }).waitFor();
  await page.getByText(/ · 5 threads/).waitFor();
  await page.getByRole('grid', { name: 'Tasks' }).getByRole('row', { name: /blocked.*leak/ }).first().click();
  await details.getByRole('list', { name: 'Created at' }).getByText('leak').first().waitFor();

  // It grows before one's eyes, and who makes it is named.
  await goTo(page, 'Growth');
  const grows = page.getByRole('row', { name: /threads created in .*leak.*grows/ });
  let threads = 5;
  for (let shown = false; !shown; ++threads) {
    assert.ok(threads < 60, 'threads become more, and it is not told');
    await target.do('leak 1');
    await page.getByText(` · ${threads + 1} threads`).waitFor();
    shown = await grows.isVisible();
  }
  await grows.click();
  await details.getByRole('list', { name: 'Created at' }).getByText('leak').first().waitFor();

  // Two threads lock each other out: told as soon as it is judged.
  await target.do('dead 1');
  await goTo(page, 'Leaks');
  await page.getByRole('tab', { name: /Findings/ }).click();
  await page.getByRole('button', { name: 'Judge now' }).click();
  await page.getByRole('row', { name: /proved.*2 threads wait for each other/ }).click();
  await details.getByText(/waits for mutex .*g_second/).first().waitFor();
  await details.getByRole('button', { name: 'Show in Waits' }).click();
  await page.getByRole('heading', { name: /^1 cycle/ }).waitFor();
  await page.getByRole('listbox', { name: 'Who waits for whom' }).getByRole('option', { name: /in deadlock D1/, selected: true }).waitFor();

  // The profile is of when the page was opened, until it is taken anew.
  await goTo(page, 'Profile');
  await page.getByRole('heading', { name: 'tasks: 5 tasks' }).waitFor();
  await page.getByRole('button', { name: 'Take anew' }).click();
  await page.getByRole('heading', { name: `tasks: ${threads + 2} tasks` }).waitFor();
  await goTo(page, 'Timeline');
  await page.getByRole('heading', { name: `${threads + 2} tasks` }).waitFor();

  // What is there is kept; it stays on the page when the program is gone.
  await page.getByRole('button', { name: 'Write a dump' }).click();
  await page.getByText(/written|\.dump/).first().waitFor();
  assert.equal(readdirSync(folder).filter((name) => name.endsWith('.dump')).length, 1);
  target.kill();
  await page.getByText(/^ended – /).waitFor();
  await goTo(page, 'Leaks');
  await page.getByRole('row', { name: /2 threads wait for each other/ }).waitFor();
  assertQuiet(opened);
});
