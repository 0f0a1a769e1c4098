// What was counted over time, as curves above the lanes, on the lanes' scale.

import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { ink } from '../canvas/ink.ts';
import { amount } from '../canvas/units.ts';
import { plural } from '../model/words.ts';
import type { Counter } from './data.ts';
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
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [at, setAt] = useState(-1);
  const colors = ink();
  const { from, to } = camera.value;
  useEffect(() => {
    const element = box.current!;
    const made = new uPlot(options(counter, colors.accent, setAt, element.clientWidth), dataOf(counter, end), element);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: kHigh }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [counter, colors]);
  useEffect(() => plot.current?.setScale('x', { min: from, max: to }), [from, to, counter, colors]);
  const most = largest(counter.v);
  const text = (one: number) => amount(one, counter.unit);
  const value = at >= 0 && at < counter.v.length ? counter.v[at]! : counter.v.at(-1)!;
  return (
    <div class="curve">
      <div class="curve-name">
        <span title={counter.name}>{counter.name}</span>
        <b>{text(value)}</b>
      </div>
      <div ref={box} class="curve-plot" role="img" aria-label={`${counter.name}: from ${text(counter.v[0]!)} to ${text(counter.v.at(-1)!)}, at most ${text(most)}`} />
    </div>
  );
}

function largest(values: readonly number[]): number {
  return values.reduce((most, one) => Math.max(most, one), 0);
}

// The last value holds until the end.
function dataOf(counter: Counter, end: number): uPlot.AlignedData {
  const t = [...counter.t];
  const v = [...counter.v];
  if (t.at(-1)! < end) {
    t.push(end);
    v.push(v.at(-1)!);
  }
  return [t, v];
}

function options(counter: Counter, color: string, onPoint: (at: number) => void, width: number): uPlot.Options {
  const most = Math.max(largest(counter.v), 1);
  return {
    width,
    height: kHigh,
    padding: [4, 0, 4, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { x: { time: false }, y: { range: () => [0, most * 1.05] } },
    axes: [{ show: false }, { show: false }],
    series: [{}, { stroke: color, fill: `${color}22`, width: 1.5, paths: uPlot.paths.stepped!({ align: 1 }), points: { show: false } }],
    hooks: { setCursor: [(plot) => onPoint(plot.cursor.idx ?? -1)] },
  };
}

