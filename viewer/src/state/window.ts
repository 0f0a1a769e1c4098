// What the chosen range of time means outside of the timeline. It counts from the start of the process: a
// task is in it when it was made in it, a wait when it was going on in it.
import type { Meta } from '../model/meta.ts';
import { meta } from './documents.ts';
import { range } from './selection.ts';

// now_ns: how long the process had lived when the ages were taken. What has no known age is in no range.
export function madeInRange(age_ns: number, now_ns = meta.peek()?.uptime_ns ?? 0): boolean {
  const chosen = range.value;
  if (!chosen) return true;
  const made = now_ns - age_ns;
  return age_ns > 0 && now_ns > 0 && made >= chosen.from && made <= chosen.to;
}

// A wait that nobody timed may have been.
export function waitedInRange(wait_ns: number, now_ns = meta.peek()?.uptime_ns ?? 0): boolean {
  const chosen = range.value;
  return !chosen || wait_ns <= 0 || now_ns <= 0 || now_ns - wait_ns <= chosen.to;
}

// The clock's time when the process began; undefined where the report does not say.
export function startMs(about: Meta | undefined = meta.value): number | undefined {
  return about?.taken_realtime_ms && about.uptime_ns ? about.taken_realtime_ms - about.uptime_ns / 1e6 : undefined;
}
