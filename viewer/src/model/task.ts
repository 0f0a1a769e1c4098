// Section tasks.json: `track ps --json`.
import type { AwaitPoint, Frame } from './frame.ts';
import type { Counts } from './meta.ts';

// What a program says of its tasks (track.h): test=..., tenant=...
export type Labels = Record<string, string>;

export interface TaskRow {
  id: number;
  kind: 'thread' | 'coroutine' | 'fiber';
  count: number;
  name: string;
  tid: number;
  main: boolean;
  state: string;
  age_ns: number;
  since_ns: number;
  creator: number;
  bytes: number;
  wait_object?: { kind: string; address: string; symbol: string | null; timed: boolean; owner_tid: number };
  await?: AwaitPoint;
  awaits?: number;
  awaited_by?: number;
  await_cycle?: boolean;
  thread?: number;
  waits_for?: string;
  kept_by?: string;
  wait_object_kept_by?: string;
  labels?: Labels; // as when it was created
  labels_now?: Labels;
  told?: boolean;
  resumes?: number;
  sched?: { cpu_ns: number; queue_ns: number; slices: number };
  at: Frame[];
  created_at: Frame[];
}

export interface Tasks {
  schema_version: number;
  processes: {
    program: string;
    pid: number;
    end: string;
    complete: boolean;
    not_visible: string[];
    counts: Counts;
    tasks: TaskRow[];
  }[];
}

export function labelText(labels: Labels | undefined): string {
  return Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`).join(' ');
}

// The id that lives in URLs and in the selection: `thread:3`.
export function taskId(task: { kind: string; id: number }): string {
  return `${task.kind}:${task.id}`;
}
