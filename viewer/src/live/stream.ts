// Follows a live process: server-sent events into the same signals that a report fills. The browser
// reconnects by itself and tells the server the last event it saw. What is frozen is collected, not
// shown.
import { signal } from '@preact/signals';
import type { Server } from '../bundle/source.ts';
import { reason } from '../bundle/problem.ts';
import type { DeltaEvent, LeaksEvent, SnapEvent } from '../model/live.ts';
import type { Meta } from '../model/meta.ts';
import { documentOf, meta } from '../state/documents.ts';
import { LiveGrowth } from './growth.ts';
import { LiveTasks } from './task_table.ts';

export type LiveState = 'off' | 'connecting' | 'live' | 'reconnecting' | 'gone' | 'broken';

export const live_state = signal<LiveState>('off');
export const live_note = signal('');
export const frozen = signal(false);
// How many tasks there were, a value a second, of the last ten minutes.
export const pulse = signal<number[]>([]);

const pulse_length = 600;
const tasks = new LiveTasks();
const growth = new LiveGrowth();
let judged: LeaksEvent | undefined;
let about: Meta | undefined;
let grown = false;
let drawing = 0;
let last_pulse_ms = 0;
let snap_ms = 0;

export function follow(server: Server): void {
  live_state.value = 'connecting';
  const source = new EventSource(server.url('api/live'));
  const on = <T>(name: string, take: (data: T) => void) =>
    source.addEventListener(name, (event) => {
      try {
        take(JSON.parse((event as MessageEvent<string>).data || '{}') as T);
      } catch (error) {
        source.close();
        live_state.value = 'broken';
        live_note.value = `the server said what this viewer does not understand (${reason(error)}); reload the page`;
      }
    });
  on<SnapEvent>('snap', (snap) => {
    snap_ms = Date.now();
    tasks.replace(snap, snap_ms);
    about = snap.meta;
    live_note.value = '';
    changed(Date.now());
  });
  on<DeltaEvent>('d', (delta) => {
    tasks.change(delta, Date.now());
    changed(delta.t_ms);
  });
  on<LeaksEvent>('leaks', (event) => {
    judged = event;
    if (about?.uptime_ns) event.leaks.uptime_ns = about.uptime_ns + (Date.now() - snap_ms) * 1e6;
    changed(0);
  });
  on('gap', () => {
    live_note.value = 'some changes were missed; a new picture follows';
  });
  on<{ note?: string }>('gone', ({ note }) => {
    source.close();
    live_state.value = 'gone';
    live_note.value = note ?? 'the process ended';
  });
  source.onopen = () => {
    live_state.value = 'live';
  };
  source.onerror = () => {
    if (live_state.peek() === 'gone' || live_state.peek() === 'broken') return;
    live_state.value = source.readyState === EventSource.CLOSED ? 'broken' : 'reconnecting';
    if (source.readyState === EventSource.CLOSED) live_note.value = '`track serve` refuses: open the page again from its link';
  };
}

export function turnFreeze(): void {
  frozen.value = !frozen.peek();
  if (!frozen.peek()) publish();
}

// Once a picture at most, however many events came.
function changed(t_ms: number): void {
  const counts = tasks.counts;
  if (counts && t_ms - last_pulse_ms >= 1000) {
    last_pulse_ms = t_ms;
    pulse.value = [...pulse.peek(), counts.threads.live + counts.coroutines.live + counts.fibers.live].slice(-pulse_length);
  }
  if (counts && growth.sample(() => tasks.current(Date.now()), Date.now())) grown = true;
  if (frozen.peek() || drawing !== 0) return;
  drawing = requestAnimationFrame(() => {
    drawing = 0;
    // It may have been frozen since it was asked for.
    if (!frozen.peek()) publish();
  });
}

function publish(): void {
  const now_ms = Date.now();
  const list = tasks.list(now_ms);
  if (list) documentOf('tasks').value = { state: 'ready', value: list };
  if (about && tasks.counts) {
    const more_ms = Math.max(0, now_ms - snap_ms);
    meta.value = { ...about, live: true, counts: tasks.counts, taken_realtime_ms: about.taken_realtime_ms && now_ms, uptime_ns: about.uptime_ns && about.uptime_ns + more_ms * 1e6 };
  }
  const report = grown ? growth.report() : undefined;
  grown = false;
  if (report) documentOf('growth').value = { state: 'ready', value: report };
  if (!judged) return;
  for (const finding of judged.leaks.findings) finding.growth ??= growth.of(finding, (task) => tasks.find(task));
  documentOf('leaks').value = { state: 'ready', value: judged.leaks };
  documentOf('waits').value = { state: 'ready', value: judged.waits };
  judged = undefined;
}
