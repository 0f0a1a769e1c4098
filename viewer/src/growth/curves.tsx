// Curves over the dumps. The table below has the same numbers, so the picture needs only a name.
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { GrowthGroup } from '../model/growth.ts';
import { bytes, count } from '../model/words.ts';
import { isDark, theme } from '../state/settings.ts';
import { markOf } from './marks.ts';

interface Props {
  dumps: readonly { label: string; taken_ms: number }[];
  groups: readonly GrowthGroup[];
  of: 'counts' | 'bytes';
  chosen: string | undefined;
}

const height = 260;
const most_points = 30;

export function Curves({ dumps, groups, of, chosen }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const shade = theme.value;
  const few = dumps.length <= most_points;
  const data = [dumps.map((dump) => dump.taken_ms / 1000), ...groups.map((group) => group[of])] as uPlot.AlignedData;
  useEffect(() => {
    const element = box.current!;
    const style = getComputedStyle(element);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const text = of === 'bytes' ? bytes : count;
    const axis: uPlot.Axis = { stroke: colour('--quiet'), grid: { stroke: colour('--line'), width: 1 }, ticks: { stroke: colour('--line'), width: 1 }, font: '12px system-ui, sans-serif' };
    const made = new uPlot({
      width: element.clientWidth,
      height,
      legend: { show: false },
      cursor: { y: false },
      scales: { x: { time: true }, y: { range: (_, __, most) => [0, Math.max(1, most) * 1.08] } },
      axes: [axis, { ...axis, size: 72, values: (_, ticks) => ticks.map(text) }],
      series: [{}, ...groups.map((group, i): uPlot.Series => {
        const mark = markOf(i, isDark());
        return { label: mark.letter, stroke: mark.colour, dash: mark.dash, width: group.fingerprint === chosen ? 4 : 2, points: { show: few, size: 6, fill: mark.colour }, alpha: chosen && group.fingerprint !== chosen ? 0.45 : 1 };
      })],
    }, data, element);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
    };
  }, [groups.map((one) => one.fingerprint).join(), of, chosen, shade, few]);
  // Of a live process every second.
  useEffect(() => plot.current?.setData(data), [dumps, groups, of]);
  const first = groups[0];
  return (
    <div ref={box} class="curves" role="img" style={{ height: `${height}px` }}
      aria-label={`${of === 'bytes' ? 'Memory held' : 'Number of tasks'} at ${dumps.length} times, of ${groups.length} groups; the table has the numbers. Fastest: ${first?.title ?? 'none'}`} />
  );
}
