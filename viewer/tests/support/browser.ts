// Debian's Chromium, and pages in it that may reach nothing but what a test gives them.
// VIEWER_SLOWDOWN=20 makes the pages that many times slower: what a test takes for granted comes to light.
import assert from 'node:assert/strict';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after } from 'node:test';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { reportHtml, type Section } from './bundle_writer.ts';

function findBrowser(): string {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome'])
    for (const folder of (process.env.PATH ?? '').split(delimiter))
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // Not in this folder.
      }
  throw new Error('no chromium on PATH; `scripts/packages --install test` installs it');
}

let browser: Promise<Browser> | undefined;
const folder = mkdtempSync(join(tmpdir(), 'viewer-'));
let files = 0;

after(async () => {
  await (await browser)?.close();
  rmSync(folder, { recursive: true });
});

export function launched(): Promise<Browser> {
  // No sandbox: root may not have one, and the pages are ours.
  browser ??= chromium.launch({ executablePath: findBrowser(), args: ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none'] });
  return browser;
}

const slowdown = Number(process.env.VIEWER_SLOWDOWN ?? 1);
// What is awaited comes: when, is not what these tests are about, and machines are slow at times.
export const patience = 90_000 * slowdown;

// As slow as was asked for.
export async function slowed(page: Page): Promise<void> {
  if (slowdown > 1) await (await page.context().newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: slowdown });
}

export interface Opened {
  page: Page;
  // What the page complained about, and what it asked the network for. Empty in a good test.
  complaints: string[];
}

export async function openUrl(url: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await (await launched()).newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  await slowed(page);
  const complaints: string[] = [];
  const own = new URL(url);
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => message.type() === 'error' && complaints.push(`console: ${message.text()}`));
  await context.route('**', (route) => {
    const asked = new URL(route.request().url());
    if (asked.protocol === own.protocol && (asked.protocol === 'file:' || asked.host === own.host)) return route.continue();
    complaints.push(`asked for ${asked}`);
    return route.abort();
  });
  await page.goto(url);
  return { page, complaints };
}

export function writePage(html: string | Buffer): string {
  const path = join(folder, `report${++files}.html`);
  writeFileSync(path, html);
  return `file://${path}`;
}

export function openReport(sections: readonly Section[], hash = '', options: BrowserContextOptions = {}): Promise<Opened> {
  return openUrl(writePage(reportHtml(sections)) + hash, options);
}

// What holds in the end, though not at once: canvases are drawn with the next frame, the URL is written a
// little later.
export async function soon(check: () => Promise<void>): Promise<void> {
  for (const end = Date.now() + patience; ; await new Promise((later) => setTimeout(later, 50)))
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
}

export function assertQuiet({ complaints }: Opened): void {
  assert.deepEqual(complaints, []);
}
