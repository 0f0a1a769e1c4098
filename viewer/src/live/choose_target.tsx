// `track serve --all` without a choice: the processes there are.
import type { Server } from '../bundle/source.ts';
import { baseName } from '../model/frame.ts';
import type { Target } from '../model/live.ts';

export function ChooseTarget({ server, targets }: { server: Server; targets: readonly Target[] }) {
  return (
    <div class="message">
      <h2>{targets.length > 0 ? 'Which process?' : 'No process is being recorded'}</h2>
      {targets.length === 0 && <p>Start one with <code>track run -- COMMAND</code>, or <code>track attach PID</code>, and reload this page.</p>}
      <ul class="targets">
        {targets.map((one) => (
          <li key={one.id}><a href={`?${server.page(one.id)}`}>{baseName(one.program)} {one.pid}</a> <span class="quiet">{one.live ? 'running' : 'ended'}{one.note && ` · ${one.note}`}</span></li>
        ))}
      </ul>
    </div>
  );
}
