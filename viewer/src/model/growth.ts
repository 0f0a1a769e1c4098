// Section growth.json: how many there were of each group, dump by dump. Of a live process: since the page
// was opened.
import type { Frame } from './frame.ts';

export interface GrowthGroup {
  fingerprint: string;
  title: string;
  kind: string;
  created_at: Frame[];
  counts: number[];
  bytes: number[];
  per_hour: number;
  monotone: boolean;
}

export interface Growth {
  live?: boolean;
  dumps: { label: string; taken_ms: number }[];
  groups: GrowthGroup[];
}
