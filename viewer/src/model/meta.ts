// Section meta.json: what was looked at, when, and what could not be seen.
export interface Count {
  live: number;
  created: number;
}

export interface Counts {
  threads: Count;
  coroutines: Count;
  fibers: Count;
}

export interface ProfileMeta {
  section: string;
  type: string;
  value_types: { type: string; unit: string }[];
  shown: number;
  comments: string[];
  total: number[];
}

export interface Meta {
  schema: number;
  program: string;
  pid: number;
  command_line: string[];
  taken_realtime_ms: number;
  uptime_ns: number;
  live: boolean;
  // `track serve --control`: it may be asked to judge, and to write a dump.
  control?: boolean;
  version: string;
  complete: boolean;
  lost: Record<string, number>;
  warnings: string[];
  not_visible: string[];
  notes: string[];
  counts: Counts;
  processes: { pid: number; program: string; end: string }[];
  dumps: { label: string; taken_ms: number }[];
  profiles: ProfileMeta[];
  truncated: string[];
  absent: Record<string, string>;
}
