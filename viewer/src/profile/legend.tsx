// What the colours mean.

import { useMemo } from 'preact/hooks';
import { ink } from '../canvas/ink.ts';
import { diffPaint, fillIndex, kShades, paintOf } from './colors.ts';
import { baseName, kMark } from './frames.ts';
import { compared, profile } from './state.ts';

const kMost = 6;

export function Legend() {
  const now = profile.value;
  const colors = ink();
  const paint = paintOf(colors.theme);
  const modules = useMemo(() => {
    if (!now) return [];
    const fill = fillIndex(now.frames);
    const occurs = new Uint8Array(fill.length);
    for (const frame of now.shape.frame) occurs[frame] = 1;
    const seen = new Map<number, { kind: number; count: number }>();
    for (let frame = 1; frame < fill.length; ++frame) {
      // Marks, as "(created by)", are of no module.
      if (occurs[frame] === 0 || (now.frames.flags[frame] & kMark) !== 0) continue;
      const module = now.frames.module[frame];
      const kind = Math.floor(fill[frame] / kShades);
      const known = seen.get(module);
      // Library code inside of a module has a colour of its own; the module's is the first other one.
      if (!known) seen.set(module, { kind, count: 1 });
      else {
        ++known.count;
        if (kind < known.kind) known.kind = kind;
      }
    }
    return [...seen].sort(([, a], [, b]) => b.count - a.count).map(([module, { kind }]) => ({ name: baseName(now.frames.strings[module] ?? '') || 'no module', kind }));
  }, [now]);
  if (compared.value)
    return (
      <ul class="legend" aria-label="Colours">
        <Key color={diffPaint(paint, 2, 1)} text="+ more than before" />
        <Key color={diffPaint(paint, 1, 2)} text="− less" />
        <Key color={diffPaint(paint, 1, 0)} text="N new" hatch="rising" />
        <Key color={diffPaint(paint, 0, 1)} text="G gone" hatch="falling" />
      </ul>
    );
  return (
    <ul class="legend" aria-label="Colours">
      {modules.slice(0, kMost).map(({ name, kind }) => <Key key={name} color={paint.fills[kind * kShades + (kShades >> 1)]!} text={name} />)}
      {modules.length > kMost && <li class="quiet">and {modules.length - kMost} more</li>}
    </ul>
  );
}

function Key({ color, text, hatch }: { color: string; text: string; hatch?: string }) {
  return <li><span class={`swatch ${hatch ?? ''}`} style={{ backgroundColor: color }} aria-hidden="true" /><span title={text}>{text}</span></li>;
}
