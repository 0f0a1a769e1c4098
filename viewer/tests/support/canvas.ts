// What a canvas drew, by the hook that it leaves for tests (src/canvas/hook.ts).
import type { Page } from 'playwright-core';
import type { CanvasHook, DrawnBox } from '../../src/canvas/hook.ts';

type Hooked = Element & { trackCanvas?: CanvasHook };

// Waits for the first picture.
export async function boxesOf(page: Page, selector: string): Promise<DrawnBox[]> {
  await page.waitForFunction((name) => ((document.querySelector(name) as Hooked | null)?.trackCanvas?.boxes().length ?? 0) > 0, selector);
  return page.evaluate((name) => (document.querySelector(name) as Hooked).trackCanvas!.boxes(), selector);
}

// Clicks into a box of the flame graph, whose rows are levels.
export async function clickBox(page: Page, selector: string, box: DrawnBox): Promise<void> {
  const place = (await page.locator(selector).boundingBox())!;
  await page.mouse.click(place.x + box.x + Math.min(box.width / 2, 20), place.y + box.y * box.height + box.height / 2);
}
