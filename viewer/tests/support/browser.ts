// Debian's Chromium, and pages in it that may reach nothing but what a test gives them.
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

export interface Opened {
  page: Page;
  // What the page complained about, and what it asked the network for. Empty in a good test.
  complaints: string[];
}

export async function openUrl(url: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await (await launched()).newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
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

export function assertQuiet({ complaints }: Opened): void {
  assert.deepEqual(complaints, []);
}
