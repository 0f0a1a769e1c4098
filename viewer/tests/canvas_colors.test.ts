// Colours that canvases draw: text on them can be read, and they can be told apart without hue.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contrast, hex, oklch, parseHex } from '../src/canvas/color.ts';
import { looksOf } from '../src/timeline/look.ts';
import { diffShade, kClasses, kDiffSteps, kShades, paintOf, shade } from '../src/profile/colors.ts';

const themes = ['light', 'dark'] as const;

test('contrast is as WCAG computes it', () => {
  assert.equal(contrast([0, 0, 0], [255, 255, 255]), 21);
  assert.ok(Math.abs(contrast(parseHex('#777777'), [255, 255, 255]) - 4.478) < 0.001);
  assert.equal(hex(oklch(1, 0, 0)), '#ffffff');
  assert.equal(hex(oklch(0, 0, 0)), '#000000');
});

test('a flame graph\'s text can be read on every colour of its boxes', () => {
  for (const theme of themes) {
    const paint = paintOf(theme);
    const text = parseHex(paint.text);
    const grounds = [paint.root, paint.hit];
    for (let kind = 0; kind < kClasses; ++kind) for (let step = 0; step < kShades; ++step) grounds.push(hex(shade(theme, kind, step)));
    for (let step = 0; step <= kDiffSteps; ++step) for (const sign of [-1, 1]) grounds.push(hex(diffShade(theme, sign, step)));
    for (const ground of grounds) assert.ok(contrast(text, parseHex(ground)) >= 4.5, `${theme}: ${ground}`);
  }
});

test('a span\'s name can be read on the colour of every state', () => {
  for (const theme of themes) {
    const { fills, text } = looksOf(theme);
    for (const fill of fills) assert.ok(contrast(parseHex(text), parseHex(fill)) >= 4.5, `${theme}: ${fill}`);
  }
});
