// `?`: every key, and the settings.
import { full_names, library_frames, single_keys } from '../state/settings.ts';
import { views } from '../views/registry.ts';
import { server } from './opening.ts';
import type { View } from '../views/view.ts';
import { Dialog } from './dialog.tsx';

const everywhere: [string, string][] = [
  ...views.map((one): [string, string] => [one.key, one.title]),
  ['/', 'search everything'],
  ...(server ? [['space', 'freeze what is live, go on'] as [string, string]] : []),
  ['Esc', 'close, clear the selection'],
  ['?', 'this'],
];

export function Help({ view, close }: { view: View; close(): void }) {
  return (
    <Dialog label="Keys and help" close={close}>
      <h2>Keys</h2>
      <div class="key-lists">
        <KeyList title="Everywhere" keys={everywhere} />
        {view.keys && <KeyList title={view.title} keys={view.keys} />}
      </div>
      <h2>Settings</h2>
      <Choice of={single_keys} on="on" off="off" label="Single keys do what is listed above" />
      <Choice of={full_names} on="full" off="short" label="Show names of functions in full, with template arguments" />
      <Choice of={library_frames} on="shown" off="folded" label="Show frames of libraries" />
      <p class="right"><button type="button" onClick={close}>Close</button></p>
    </Dialog>
  );
}

function KeyList({ title, keys }: { title: string; keys: [string, string][] }) {
  return (
    <section>
      <h3>{title}</h3>
      <dl class="keys">
        {keys.map(([key, does]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{does}</dd></div>)}
      </dl>
    </section>
  );
}

function Choice({ of, on, off, label }: { of: { value: string }; on: string; off: string; label: string }) {
  return (
    <p>
      <label class="choice">
        <input type="checkbox" checked={of.value === on} onChange={(event) => { of.value = event.currentTarget.checked ? on : off; }} />
        {label}
      </label>
    </p>
  );
}
