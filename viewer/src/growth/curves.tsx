// Curves over the dumps. The table below has the same numbers, so the picture needs only a name.
import { useRef, useState } from 'preact/hooks';
import type { GrowthGroup } from '../model/growth.ts';
import { bytes, count } from '../model/words.ts';
import { isDark } from '../state/settings.ts';
import { apart } from './apart.ts';
import { timeText, timeTicks, valueTicks } from '../ui/ticks.ts';
import { useWidth } from '../ui/width.ts';
import { chooseLooks } from './looks.tsx';
import { markOf } from './marks.ts';

interface Props {
  dumps: readonly { label: string; taken_ms: number }[];
  groups: readonly GrowthGroup[];
  of: 'counts' | 'bytes';
  chosen: readonly string[];
  range: [first: number, last: number];
}

const height = 260;
const edge = { left: 72, right: 34, top: 14, bottom: 30 };
const most_points = 30;
const letter_room = 15;
const tick_room = { x: 90, y: 44 };

export function Curves({ dumps, groups, of, chosen, range: [first, last] }: Props) {
  const [box, width] = useWidth<HTMLDivElement>();
  const [pointed, setPointed] = useState(-1);
  const text = of === 'bytes' ? bytes : count;
  const from = dumps[0]!.taken_ms;
  const span = Math.max(dumps.at(-1)!.taken_ms - from, 1);
  const most = groups.reduce((all, group) => Math.max(all, ...group[of]), 1) * 1.08;
  const wide = Math.max(width - edge.left - edge.right, 1);
  const high = height - edge.top - edge.bottom;
  const x = (ms: number) => edge.left + ((ms - from) / span) * wide;
  const y = (value: number) => edge.top + (1 - value / most) * high;
  const begun = useRef(-1);
  const point = (event: PointerEvent) => {
    const at = event.clientX - box.current!.getBoundingClientRect().left;
    let nearest = 0;
    dumps.forEach((dump, i) => { if (Math.abs(x(dump.taken_ms) - at) < Math.abs(x(dumps[nearest]!.taken_ms) - at)) nearest = i; });
    setPointed(nearest);
    if (begun.current >= 0 && nearest !== begun.current) chooseLooks(dumps, begun.current, nearest);
    return nearest;
  };
  const at = dumps[pointed];
  const some = groups.some((one) => chosen.includes(one.fingerprint));
  const letters = apart(groups.map((group) => y(group[of].at(-1) ?? 0)), letter_room, edge.top, edge.top + high);
  return (
    <div ref={box} class="curves" role="img" style={{ height: `${height}px` }} onPointerMove={point} onPointerUp={() => { begun.current = -1; }}
      onPointerDown={(event) => { begun.current = point(event); event.currentTarget.setPointerCapture(event.pointerId); }} onPointerLeave={() => setPointed(-1)}
      aria-label={`${of === 'bytes' ? 'Memory held' : 'Number of tasks'} at ${dumps.length} times, of ${groups.length} groups; the table has the numbers. Fastest: ${groups[0]?.title ?? 'none'}`}>
      <svg width={width} height={height} aria-hidden="true">
        {valueTicks(most, Math.floor(high / tick_room.y), of === 'bytes').map((value) => (
          <g key={value}><path class="grid" d={`M${edge.left} ${y(value)}h${wide}`} /><text x={edge.left - 8} y={y(value) + 4} text-anchor="end">{text(value)}</text></g>
        ))}
        {timeTicks(from, from + span, Math.floor(wide / tick_room.x)).map((ms) => (
          <g key={ms}><path class="grid" d={`M${x(ms)} ${edge.top}v${high}`} /><text x={x(ms)} y={height - 10} text-anchor="middle">{timeText(ms, span)}</text></g>
        ))}
        {groups.map((group, i) => {
          const { colour, dash, letter } = markOf(i, isDark());
          const places = group[of].map((value, k): [number, number] => [x(dumps[k]?.taken_ms ?? from), y(value)]);
          const last = places.at(-1)!;
          return (
            <g key={group.fingerprint} stroke={colour} fill={colour} opacity={some && !chosen.includes(group.fingerprint) ? 0.45 : 1}>
              <polyline points={places.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(' ')} fill="none" stroke-width={chosen.includes(group.fingerprint) ? 4 : 2} stroke-dasharray={dash.join(' ')} />
              {places.map(([px, py], k) => (places.length <= most_points || k === pointed) && <circle key={k} cx={px} cy={py} r="3" />)}
              {Math.abs(letters[i]! - last[1]) > 1 && <path d={`M${last[0]} ${last[1]}L${last[0] + 12} ${letters[i]}`} fill="none" opacity="0.5" />}
              <text class="letter" x={last[0] + 15} y={letters[i]! + 4} stroke="none">{letter}</text>
            </g>
          );
        })}
        {(first > 0 || last < dumps.length - 1) && <rect class="in-range" x={x(dumps[first]!.taken_ms)} y={edge.top} width={x(dumps[last]!.taken_ms) - x(dumps[first]!.taken_ms)} height={high} />}
        {at && <path class="cursor" d={`M${x(at.taken_ms)} ${edge.top}v${high}`} />}
      </svg>
    </div>
  );
}
