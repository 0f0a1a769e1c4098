// What `track serve` says: the targets, and the events of the live stream.
import type { Leaks } from './finding.ts';
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

export interface SnapEvent {
  seq: number;
  meta: Meta;
  tasks: { rows: TaskRow[] };
}

export interface DeltaEvent {
  seq: number;
  counts: Counts;
  t_ms: number;
  upsert: TaskRow[];
  remove: [kind: string, id: number][];
}

export interface LeaksEvent {
  seq: number;
  leaks: Leaks;
  waits: Waits;
}
