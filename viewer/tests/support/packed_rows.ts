// Rows of tasks as `track serve` packs them.
import type { PackedRows } from '../../src/model/live.ts';
import type { TaskRow } from '../../src/model/task.ts';

export function packRows(all: readonly TaskRow[]): PackedRows {
  const packed: PackedRows = { frames: [], stacks: [], alike: [], rows: [] };
  const texts = { frames: new Map<string, number>(), stacks: new Map<string, number>(), alike: new Map<string, number>() };
  const number = (table: 'frames' | 'stacks' | 'alike', value: unknown): number => {
    const text = JSON.stringify(value);
    const known = texts[table].get(text);
    if (known !== undefined) return known;
    texts[table].set(text, packed[table].length);
    return (packed[table] as unknown[]).push(value) - 1;
  };
  const stack = (frames: TaskRow['at']) => number('stacks', frames.map((frame) => number('frames', frame)));
  for (const { id, tid, age_ns, since_ns, sched, at, created_at, wait_object, ...rest } of all) {
    const { address, ...waits } = wait_object ?? {};
    const alike = number('alike', { ...rest, ...(wait_object && { wait_object: waits }), at: stack(at), created_at: stack(created_at) });
    const row = [alike, id, tid, age_ns, since_ns, address ?? 0];
    packed.rows.push(sched ? [...row, sched.cpu_ns, sched.queue_ns, sched.slices] : row);
  }
  return packed;
}
