// The tasks of a live process: a snapshot, and what changed since.
import type { DeltaEvent, SnapEvent } from '../model/live.ts';
import type { Counts, Meta } from '../model/meta.ts';
import { taskId, type TaskRow, type Tasks } from '../model/task.ts';

export class LiveTasks {
  private readonly rows = new Map<string, TaskRow>();
  private meta: Meta | undefined;
  counts: Counts | undefined;

  replace(snap: SnapEvent): void {
    this.rows.clear();
    for (const row of snap.tasks.rows) this.rows.set(taskId(row), row);
    this.meta = snap.meta;
    this.counts = snap.meta.counts;
  }

  change(delta: DeltaEvent): void {
    for (const [kind, id] of delta.remove ?? []) this.rows.delete(taskId({ kind, id }));
    for (const row of delta.upsert ?? []) this.rows.set(taskId(row), row);
    this.counts = delta.counts;
  }

  // As section tasks.json; a new object each time, so that views see that it changed.
  list(): Tasks | undefined {
    const { meta, counts } = this;
    if (!meta || !counts) return undefined;
    const { program, pid, complete, not_visible } = meta;
    return { schema_version: 1, processes: [{ program, pid, end: 'running', complete, not_visible, counts, tasks: [...this.rows.values()] }] };
  }
}
