// Section leaks.json: `track leaks --json`.
import type { AwaitPoint, Frame } from './frame.ts';
import type { Counts } from './meta.ts';
import type { Labels } from './task.ts';

export type Evidence = 'proved' | 'likely' | 'suspected';

export interface FindingTask {
  id: number;
  kind: string;
  name: string;
  tid: number;
  main: boolean;
  state: string;
  age_ns: number;
  labels?: Labels;
  created_at?: Frame[];
  blocked_at?: Frame[];
}

export interface AwaitFrame extends AwaitPoint {
  task: number;
  self: boolean;
  certain: boolean;
}

export interface WaitObject {
  kind: string;
  address: string;
  symbol: string | null;
  owner: string | null;
}

export interface Finding {
  rule: string;
  evidence: Evidence;
  count: number;
  fingerprint: string;
  title: string;
  because: string[];
  created_at: Frame[];
  blocked_at: Frame[];
  await_chain: AwaitFrame[];
  await_cycle: boolean;
  wait_object: WaitObject | null;
  age_ns: { min: number; median: number; max: number };
  bytes_held: number;
  kept_by: string[];
  test: string | null;
  pid: number;
  failing: boolean;
  suppressed_by: string | null;
  tasks: FindingTask[];
  baseline?: string | null;
  // Of the tasks that the same places made: how many there were in each dump, and what those groups are
  // called in section growth.json.
  history?: number[];
  growth?: string[];
  new?: boolean;
}

export interface Leaks {
  schema_version: number;
  program: string | null;
  pid: number | null;
  // How long a live process had lived when this was judged.
  uptime_ns?: number;
  complete: boolean;
  lost: Record<string, number>;
  not_visible: string[];
  tasks: Counts;
  findings: Finding[];
  suppressions: { pattern: string; hits: number }[];
  symbol_notes: string[];
  notes: string[];
}

export const evidence_order: readonly Evidence[] = ['proved', 'likely', 'suspected'];
