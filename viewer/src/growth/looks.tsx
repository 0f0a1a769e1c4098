// The looks within the chosen range of time: all, where there is none, and two at least.
import type { Growth } from '../model/growth.ts';
import { range, setRange } from '../state/selection.ts';
import { startMs } from '../state/window.ts';
import { timeText } from '../ui/ticks.ts';

type Looks = readonly Growth['dumps'][number][];

export function looksInRange({ dumps }: Growth): [first: number, last: number] {
  const start = startMs();
  const end = dumps.length - 1;
  if (!range.value || start === undefined || end < 1) return [0, Math.max(end, 0)];
  // The clock has milliseconds.
  const [from, to] = [start + range.value.from / 1e6 - 1, start + range.value.to / 1e6 + 1];
  const inside = dumps.map((_, i) => i).filter((i) => dumps[i]!.taken_ms >= from && dumps[i]!.taken_ms <= to);
  if (inside.length > 1) return [inside[0]!, inside.at(-1)!];
  // A range between looks, or around one: what changed from the one before it.
  const after = dumps.findIndex((one) => one.taken_ms >= to - 1);
  const last = Math.max(1, inside[0] ?? (after < 0 ? end : after));
  return [last - 1, last];
}

export function cutTo(report: Growth, first: number, last: number): Growth {
  if (first === 0 && last >= report.dumps.length - 1) return report;
  const dumps = report.dumps.slice(first, last + 1);
  const hours = Math.max(dumps.at(-1)!.taken_ms - dumps[0]!.taken_ms, 1) / 3.6e6;
  return {
    ...report,
    dumps,
    groups: report.groups.map((group) => {
      const counts = group.counts.slice(first, last + 1);
      return { ...group, counts, bytes: group.bytes.slice(first, last + 1), per_hour: (counts.at(-1)! - counts[0]!) / hours };
    }),
  };
}

export function chooseLooks(dumps: Looks, a: number, b: number): void {
  const start = startMs();
  if (start === undefined) return;
  const [first, last] = [Math.min(a, b), Math.max(a, b)];
  const ns = (at: number) => Math.max(0, (dumps[at]!.taken_ms - start) * 1e6);
  setRange(first === last || (first === 0 && last === dumps.length - 1) ? undefined : { from: ns(first), to: ns(last) });
}

const most_options = 30;

// What a drag over the curves does, by keyboard.
export function RangeChoice({ report: { dumps }, first, last }: { report: Growth; first: number; last: number }) {
  const step = Math.ceil(dumps.length / most_options);
  const span = dumps.at(-1)!.taken_ms - dumps[0]!.taken_ms;
  const options = (chosen: number, from: number, to: number) =>
    dumps.map((_, i) => i).filter((i) => i >= from && i <= to && (i === chosen || i % step === 0 || i === dumps.length - 1))
      .map((i) => <option key={i} value={String(i)}>{timeText(dumps[i]!.taken_ms, span)}</option>);
  return (
    <>
      <label class="facet">From <select value={String(first)} onChange={(event) => chooseLooks(dumps, Number(event.currentTarget.value), last)}>{options(first, 0, last - 1)}</select></label>
      <label class="facet">to <select value={String(last)} onChange={(event) => chooseLooks(dumps, first, Number(event.currentTarget.value))}>{options(last, first + 1, dumps.length - 1)}</select></label>
    </>
  );
}
