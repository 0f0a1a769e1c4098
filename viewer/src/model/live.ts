// What `track serve` says: the targets, and the events of the live stream.
import type { Leaks } from './finding.ts';
import type { Frame } from './frame.ts';
import type { Counts, Meta } from './meta.ts';
import type { TaskRow } from './task.ts';
import type { Waits } from './waits.ts';

export interface Target {
  id: string;
  pid: number;
  program: string;
  live: boolean;
  note?: string;
}

// Rows of tasks, what they share told once. alike: a row without what is its own, with the numbers of its
// stacks, which have the numbers of their frames; a row: [alike, id, tid, age_ns, since_ns, address of its
// wait_object, cpu_ns, queue_ns, slices], zeros at the end left away.
export interface PackedRows {
  frames: Frame[];
  stacks: number[][];
  alike: (Omit<TaskRow, 'at' | 'created_at'> & { at: number; created_at: number })[];
  rows: (number | string)[][];
}

export function unpackRows({ frames, stacks, alike, rows }: PackedRows): TaskRow[] {
  // Rows with one stack share it.
  const unpacked = stacks.map((stack) => stack.map((frame) => frames[frame]!));
  return rows.map(([like, id, tid = 0, age_ns = 0, since_ns = 0, address, cpu_ns, queue_ns, slices]) => {
    const shared = alike[like as number]!;
    return {
      ...shared, id, tid, age_ns, since_ns, at: unpacked[shared.at]!, created_at: unpacked[shared.created_at]!,
      ...(shared.wait_object && { wait_object: { ...shared.wait_object, address } }),
      ...(slices !== undefined && { sched: { cpu_ns, queue_ns, slices } }),
    } as TaskRow;
  });
}

export interface SnapEvent {
  seq: number;
  meta: Meta;
  tasks: PackedRows;
}

export interface DeltaEvent {
  seq: number;
  counts: Counts;
  t_ms: number;
  upsert: PackedRows;
  remove: [kind: string, id: number][];
}

export interface LeaksEvent {
  seq: number;
  leaks: Leaks;
  waits: Waits;
}
