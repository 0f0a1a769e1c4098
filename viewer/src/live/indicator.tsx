// In the top bar: whether what is shown is now, and how to hold it still.
import { useState } from 'preact/hooks';
import { baseName } from '../model/frame.ts';
import type { Target } from '../model/live.ts';
import type { Server } from '../bundle/source.ts';
import { meta } from '../state/documents.ts';
import { useKeys } from '../state/keys.ts';
import { Sparkline } from '../leaks/sparkline.tsx';
import { frozen, live_note, live_state, pulse, turnFreeze } from './stream.ts';

const words = { off: '', connecting: 'connecting …', live: 'live', reconnecting: 'connection lost, trying again …', gone: 'ended', broken: 'not live' };

export function LiveIndicator({ server, targets }: { server: Server; targets: readonly Target[] }) {
  useKeys({ ' ': turnFreeze });
  const state = live_state.value;
  const holding = frozen.value && state !== 'gone';
  return (
    <div class="live" role="group" aria-label="Live">
      {targets.length > 1 && (
        <label class="facet">Process
          <select value={server.target} onChange={(event) => { location.search = server.page(event.currentTarget.value); }}>
            {targets.map((one) => <option key={one.id} value={one.id}>{baseName(one.program)} {one.pid}{one.live ? '' : ' (ended)'}</option>)}
          </select>
        </label>
      )}
      {state !== 'off' && (
        <>
          <span class={`live-state live-${holding ? 'frozen' : state}`} role="status">{holding ? 'frozen' : words[state]}{live_note.value && ` – ${live_note.value}`}</span>
          {pulse.value.length > 1 && <Sparkline counts={pulse.value} label="tasks in the last ten minutes" />}
          {state !== 'gone' && state !== 'broken' && <button type="button" aria-pressed={frozen.value} onClick={turnFreeze}>Freeze <kbd aria-hidden="true">space</kbd></button>}
        </>
      )}
      {meta.value?.control && <Control server={server} />}
    </div>
  );
}

// What `track serve --control` allows.
function Control({ server }: { server: Server }) {
  const [said, setSaid] = useState('');
  const ask = async (what: string) => {
    setSaid('asked …');
    try {
      const reply = await fetch(server.url(`api/${what}`), { method: 'POST' });
      const answer = (await reply.json().catch(() => ({}))) as { error?: string; note?: string };
      setSaid(reply.ok ? answer.note ?? 'done' : answer.error ?? `refused (${reply.status})`);
    } catch {
      setSaid('the server does not answer');
    }
  };
  return (
    <>
      <button type="button" onClick={() => void ask('judge')}>Judge now</button>
      <button type="button" onClick={() => void ask('dump')}>Write a dump</button>
      <span class="said" role="status">{said}</span>
    </>
  );
}
