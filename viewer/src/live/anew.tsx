// What a running process did since: profiles and timeline are as they were when the page first asked.
// All sections of a bundle refer to each other, so they are taken anew together.
import { useState } from 'preact/hooks';
import { server } from '../app/opening.ts';
import { Bundle } from '../bundle/bundle.ts';
import { reason } from '../bundle/problem.ts';
import type { Meta } from '../model/meta.ts';
import { bundle, meta, readAnew } from '../state/documents.ts';

export function TakeAnew() {
  const [said, say] = useState('');
  if (!server || !meta.value?.live) return null;
  const from = server;
  const take = async () => {
    say('Taking …');
    try {
      const reply = await fetch(`${from.url('api/section/meta.json')}&fresh=1`);
      if (!reply.ok) throw new Error(((await reply.json()) as { error?: string }).error ?? `the server answered ${reply.status}`);
      const fresh = (await reply.json()) as Meta;
      const { source } = bundle.peek()!;
      // What the live stream tells goes on; the rest is read from here when it is looked at.
      meta.value = { ...fresh, live: true };
      bundle.value = new Bundle(source);
      // Of what came to light since, lines of other files are shown.
      readAnew('sources');
      say(`as of ${new Date(fresh.taken_realtime_ms).toLocaleTimeString()}`);
    } catch (error) {
      say(reason(error));
    }
  };
  return (
    <span class="anew">
      <button type="button" onClick={() => void take()}>Take anew</button> <span class="quiet" role="status">{said}</span>
    </span>
  );
}
