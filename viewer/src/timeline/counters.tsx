// What was counted over time, as curves above the lanes, on the lanes' scale.

import { useState } from 'preact/hooks';
import { amount } from '../canvas/units.ts';
import { plural } from '../model/words.ts';
import type { Counter } from './data.ts';
import { useWidth } from '../ui/width.ts';
import { camera } from './state.ts';

const kHigh = 46;
const kShown = 3; // the others are asked for

export function Counters({ counters, end }: { counters: readonly Counter[]; end: number }) {
  const [all, setAll] = useState(false);
  const curves = counters.filter((one) => one.t.length > 1);
  const shown = all ? curves : curves.slice(0, kShown);
  if (curves.length === 0) return null;
  return (
    <div class={`counters ${all ? 'many' : ''}`}>
      {shown.map((one) => <Curve key={one.name} counter={one} end={end} />)}
      {curves.length > kShown && (
        <button type="button" class="plain more" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'Fewer curves' : `${plural(curves.length - kShown, 'more curve')}`}
        </button>
      )}
    </div>
  );
}

function Curve({ counter, end }: { counter: Counter; end: number }) {
  const [box, width] = useWidth<HTMLDivElement>();
  const [pointed, setPointed] = useState(Number.NaN);
  const { from, to } = camera.value;
  const most = largest(counter.v);
  const text = (one: number) => amount(one, counter.unit);
  const time = from + (pointed / width) * (to - from);
  const value = counter.v[Number.isNaN(pointed) ? counter.v.length - 1 : Math.max(0, last(counter.t, time))]!;
  const line = path(counter, { from, to, end }, width, most);
  return (
    <div class="curve">
      <div class="curve-name">
        <span title={counter.name}>{counter.name}</span>
        <b>{text(value)}</b>
      </div>
      <div ref={box} class="curve-plot" role="img" aria-label={`${counter.name}: from ${text(counter.v[0]!)} to ${text(counter.v.at(-1)!)}, at most ${text(most)}`}
        onPointerMove={(event) => setPointed(event.clientX - box.current!.getBoundingClientRect().left)} onPointerLeave={() => setPointed(Number.NaN)}>
        <svg width={width} height={kHigh} aria-hidden="true">
          <path class="curve-line" d={line} />
          {!Number.isNaN(pointed) && <path class="cursor" d={`M${pointed} 0v${kHigh}`} />}
        </svg>
      </div>
    </div>
  );
}

function largest(values: readonly number[]): number {
  return values.reduce((most, one) => Math.max(most, one), 0);
}

// The last of the times that is not after `time`; -1 when all are.
function last(times: readonly number[], time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

// In steps, each value until the next, the last one until the end; closed along the bottom, which is
// outside of what is seen, as the ends are. Of several values in one pixel the extremes are drawn.
function path({ t, v }: Counter, { from, to, end }: { from: number; to: number; end: number }, width: number, most: number): string {
  const x = (time: number) => ((time - from) / (to - from)) * width;
  const y = (value: number) => (kHigh - 4 - (value / Math.max(most, 1)) * (kHigh - 8)).toFixed(1);
  const first = Math.max(0, last(t, from));
  let text = `M-9 ${kHigh + 9}`;
  for (let i = first; i < t.length && t[i]! <= to; ) {
    const at = Math.max(x(t[i]!), -9);
    let [low, high] = [v[i]!, v[i]!];
    let next = i + 1;
    for (; next < t.length && x(t[next]!) < at + 1; ++next) {
      low = Math.min(low, v[next]!);
      high = Math.max(high, v[next]!);
    }
    const until = Math.min(x(next < t.length ? t[next]! : end), width + 9);
    const spread = low === high ? '' : `V${y(low)}V${y(high)}`;
    text += `H${at.toFixed(1)}${spread}V${y(v[next - 1]!)}H${until.toFixed(1)}`;
    i = next;
  }
  return `${text}V${kHigh + 9}z`;
}
