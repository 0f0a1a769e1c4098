// What grows while the page is open: how many tasks of each sort there are, by who made them where. Old
// samples are thinned out, so that an hour needs as much room as a minute.
import type { Finding, FindingTask } from '../model/finding.ts';
import type { Growth } from '../model/growth.ts';
import { type Frame, ownFrame, placeText } from '../model/frame.ts';
import { labelText, type TaskRow } from '../model/task.ts';
import { shortName } from '../model/words.ts';
import { stableId } from '../model/stable_id.ts';

type Made = Pick<TaskRow, 'kind' | 'name' | 'state' | 'created_at' | 'labels'>;

// Threads that ended are there as long as nobody joins them.
const unjoined = (state: string): string => (state === 'ended' ? ', ended and not joined' : '');

// Of what one place made.
function keyOf({ kind, name, state, created_at, labels }: Made): string {
  const created = ownFrame(created_at);
  return [kind, kind === 'thread' ? '' : name, created?.function, placeText(created), labelText(labels), unjoined(state)].join('\n');
}

const most_samples = 240;
const most_groups = 2000;
const at_first_ms = 1000;

interface Group {
  title: string;
  kind: string;
  created_at: Frame[];
  counts: number[];
  bytes: number[];
}

export class LiveGrowth {
  private times: number[] = [];
  private readonly groups = new Map<string, Group>();
  private interval_ms = at_first_ms;

  // Says whether there is something new.
  sample(rows: () => Iterable<TaskRow>, now_ms: number): boolean {
    const last = this.times.at(-1);
    if (last !== undefined && now_ms - last < this.interval_ms) return false;
    for (const group of this.groups.values()) {
      group.counts.push(0);
      group.bytes.push(0);
    }
    for (const row of rows()) {
      const group = this.groupOf(row);
      if (!group) continue;
      group.counts[this.times.length]! += row.count;
      group.bytes[this.times.length]! += row.bytes;
    }
    this.times.push(now_ms);
    if (this.times.length > most_samples) this.thin();
    return true;
  }

  report(): Growth | undefined {
    const { times } = this;
    if (times.length < 2) return undefined;
    const hours = (times.at(-1)! - times[0]!) / 3.6e6;
    return {
      live: true,
      dumps: times.map((taken_ms) => ({ label: '', taken_ms })),
      groups: [...this.groups].map(([key, { title, kind, created_at, counts, bytes }]) => ({
        fingerprint: stableId(key), title, kind, created_at, counts: [...counts], bytes: [...bytes],
        per_hour: (counts.at(-1)! - counts[0]!) / hours, monotone: counts.every((n, i) => i === 0 || n >= counts[i - 1]!),
      })),
    };
  }

  // The groups of a finding's tasks. Where rows stand for many tasks, most of these have none of their own.
  of(finding: Finding, row: (task: FindingTask) => TaskRow | undefined): string[] {
    const keys = finding.tasks.map((task) => keyOf(row(task) ?? { ...task, kind: task.kind as TaskRow['kind'], created_at: task.created_at ?? finding.created_at }));
    return [...new Set(keys)].filter((key) => this.groups.has(key)).map(stableId);
  }

  private groupOf(row: TaskRow): Group | undefined {
    const created = ownFrame(row.created_at);
    const labels = labelText(row.labels);
    const key = keyOf(row);
    let group = this.groups.get(key);
    if (!group && this.groups.size < most_groups) {
      const of = row.kind !== 'thread' && row.name ? ` of ${shortName(row.name)}` : '';
      const where = created ? ` created in ${shortName(created.function)} ${placeText(created)}` : row.main ? ' (main)' : '';
      const none = () => new Array<number>(this.times.length + 1).fill(0);
      group = { title: `${row.kind}s${of}${where}${labels && ` [${labels}]`}${unjoined(row.state)}`, kind: row.kind, created_at: row.created_at, counts: none(), bytes: none() };
      this.groups.set(key, group);
    }
    return group;
  }

  private thin(): void {
    const kept = <T>(values: T[]) => values.filter((_, i) => i % 2 === 0);
    this.times = kept(this.times);
    this.interval_ms *= 2;
    for (const group of this.groups.values()) {
      group.counts = kept(group.counts);
      group.bytes = kept(group.bytes);
    }
  }
}
