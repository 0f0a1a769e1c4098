// The tasks of a live process: a snapshot, and what changed since. The server tells changes; that ages
// grow is none, they are counted on here.
import { type DeltaEvent, type SnapEvent, unpackRows } from '../model/live.ts';
import type { Counts, Meta } from '../model/meta.ts';
import { taskId, type TaskRow, type Tasks } from '../model/task.ts';

// A row, and its times as they were at an instant of this page's clock.
interface Known {
  row: TaskRow;
  age_ns: number;
  since_ns: number;
  at_ms: number;
}

export class LiveTasks {
  private readonly rows = new Map<string, Known>();
  private meta: Meta | undefined;
  counts: Counts | undefined;

  replace(snap: SnapEvent, now_ms: number): void {
    this.rows.clear();
    for (const row of unpackRows(snap.tasks)) this.put(row, now_ms);
    this.meta = snap.meta;
    this.counts = snap.meta.counts;
  }

  change(delta: DeltaEvent, now_ms: number): void {
    for (const [kind, id] of delta.remove ?? []) this.rows.delete(taskId({ kind, id }));
    for (const row of unpackRows(delta.upsert)) this.put(row, now_ms);
    this.counts = delta.counts;
  }

  // As section tasks.json; a new object each time, so that views see that it changed.
  list(now_ms: number): Tasks | undefined {
    const { meta, counts } = this;
    if (!meta || !counts) return undefined;
    const { program, pid, complete, not_visible } = meta;
    return { schema_version: 1, processes: [{ program, pid, end: 'running', complete, not_visible, counts, tasks: [...this.current(now_ms)] }] };
  }

  find(task: { kind: string; id: number }): TaskRow | undefined {
    return this.rows.get(taskId(task))?.row;
  }

  *current(now_ms: number): Iterable<TaskRow> {
    for (const { row, age_ns, since_ns, at_ms } of this.rows.values()) {
      // 0 is not known, and stays so.
      const more = Math.max(0, now_ms - at_ms) * 1e6;
      if (age_ns) row.age_ns = age_ns + more;
      if (since_ns) row.since_ns = since_ns + more;
      yield row;
    }
  }

  private put(row: TaskRow, at_ms: number): void {
    const { age_ns, since_ns } = row;
    this.rows.set(taskId(row), { row, age_ns, since_ns, at_ms });
  }
}
