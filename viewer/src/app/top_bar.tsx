// What is looked at, and what works everywhere.
import { baseName } from '../model/frame.ts';
import { duration, plural } from '../model/words.ts';
import { meta } from '../state/documents.ts';
import { isDark, theme } from '../state/settings.ts';
import { LiveIndicator } from '../live/indicator.tsx';
import { server, targets } from './opening.ts';
import { RangeChip } from './range_chip.tsx';
import type { Overlay } from './shell.tsx';

export function TopBar({ open }: { open(what: Overlay): void }) {
  const about = meta.value;
  return (
    <header class="top">
      <h1>
        <span class="brand">track</span>
        {about && <span class="program" title={about.program}>{baseName(about.program) || '(no program)'}</span>}
      </h1>
      {about && <p class="about">{aboutText(about)}</p>}
      <RangeChip />
      {server && <LiveIndicator server={server} targets={targets.value} />}
      <div class="tools">
        <button type="button" class="find" onClick={() => open('search')}>Search <kbd aria-hidden="true">/</kbd></button>
        <button type="button" aria-label={isDark() ? 'Light theme' : 'Dark theme'} onClick={() => { theme.value = isDark() ? 'light' : 'dark'; }}>
          {isDark() ? '☀' : '☾'}
        </button>
        <button type="button" aria-label="Keys and help" onClick={() => open('help')}>?</button>
      </div>
    </header>
  );
}

function aboutText(about: NonNullable<typeof meta.value>): string {
  const parts = [`process ${about.pid}`];
  if (about.taken_realtime_ms) parts.push(new Date(about.taken_realtime_ms).toLocaleString());
  if (about.uptime_ns) parts.push(`up ${duration(about.uptime_ns)}`);
  const { threads, coroutines, fibers } = about.counts ?? {};
  if (threads) parts.push(plural(threads.live, 'thread'));
  if (coroutines?.created) parts.push(plural(coroutines.live, 'coroutine'));
  if (fibers?.created) parts.push(plural(fibers.live, 'fiber'));
  return parts.join(' · ');
}
