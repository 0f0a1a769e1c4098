// The panel on the right for what the profile selects: a stack, or a function wherever it occurs.

import { useMemo } from 'preact/hooks';
import { amount, change, percent } from '../canvas/units.ts';
import { count, plural } from '../model/words.ts';
import { jump } from '../state/route.ts';
import { stableId } from '../model/stable_id.ts';
import { CopyButton } from '../ui/copy.tsx';
import { Message } from '../ui/section.tsx';
import { Name, Stack } from '../ui/stack.tsx';
import { type Frames, frameOf, functionName, place } from './frames.ts';
import { findNode } from './node_id.ts';
import { entry, functionById, profile, source, tallies, tree, unit } from './state.ts';
import { calleesOf, callersOf, outermost, type Tree } from './tree.ts';
import { path } from './trie.ts';
import { heavyChildren } from './walk.ts';

export function StackDetails({ id }: { id: string }) {
  const now = tree.value;
  const frames = profile.value?.frames;
  const node = useMemo(() => (now && frames ? findNode(now.shape, frames, id) : -1), [now, frames, id]);
  if (!now || !frames || node <= 0) return <Message title="Not in this profile"><p>Another profile, or another recording, has this stack.</p></Message>;
  const stack = path(now.shape, node).slice(1).reverse().map((row) => frameOf(frames, now.shape.frame[row]));
  const total = now.after.total[node];
  const name = functionName(frames, now.shape.frame[node]);
  return (
    <article>
      <p class="quiet">{entry.value?.type}</p>
      <h2><Name of={name} /></h2>
      <p class="facts">
        {amount(total, unit.value)}, {percent(total, now.after.total[0])} of all · itself {amount(now.after.self[node], unit.value)}
        {now.before && ` · before ${amount(now.before.total[node], unit.value)} (${change(total - now.before.total[node], unit.value)})`}
      </p>
      <section><h3>Stack</h3><Stack frames={stack} label="Stack" /></section>
      <p class="actions">
        <button type="button" onClick={() => jump('profile', { 'profile.mode': 'callers', 'profile.pivot': stableId(name) })}>Callers &amp; callees</button>
        <button type="button" onClick={() => jump('profile', { 'profile.mode': 'icicle', 'profile.zoom': id })}>Zoom to it</button>
        <CopyButton label="Copy stack" text={() => stack.map((frame) => `${frame.function} ${frame.file ?? frame.module}${frame.file ? `:${frame.line}` : ''}`).join('\n')} />
      </p>
    </article>
  );
}

const kNeighbours = 8;

export function FunctionDetails({ id }: { id: string }) {
  const key = functionById.value.get(id);
  const from = source.value;
  const frames = profile.value?.frames;
  const both = tallies.value;
  const trees = useMemo(() => {
    if (key === undefined || !from || !frames) return undefined;
    const byName = { ...from, key: frames.function, keys: frames.strings.length };
    const starts = outermost(byName, key);
    return { up: callersOf(byName, starts), down: calleesOf(byName, starts), starts: starts.length };
  }, [key, from, frames]);
  if (key === undefined || !from || !frames || !both || !trees)
    return <Message title="Not in this profile"><p>No stack of this profile passes through it.</p></Message>;
  const [after, before] = both;
  const at = after.key.indexOf(key);
  const whole = from.totals[0][0];
  const name = frames.strings[key] || '(unknown)';
  return (
    <article>
      <p class="quiet">{entry.value?.type}</p>
      <h2><Name of={name} /></h2>
      <p class="facts">
        {amount(after.cum[at] ?? 0, unit.value)} with what it calls, {percent(after.cum[at] ?? 0, whole)} of all · itself {amount(after.flat[at] ?? 0, unit.value)}
        {before && ` · before ${amount(before.cum[at] ?? 0, unit.value)} (${change((after.cum[at] ?? 0) - (before.cum[at] ?? 0), unit.value)})`}
      </p>
      <p class="quiet">on {plural(trees.starts, 'path')} · {placesOf(frames, key)}</p>
      <Neighbours title="Called by" tree={trees.up} frames={frames} />
      <Neighbours title="Calls" tree={trees.down} frames={frames} />
      <p class="actions">
        <button type="button" onClick={() => jump('profile', { 'profile.mode': 'callers', 'profile.pivot': id })}>Callers &amp; callees</button>
        <button type="button" onClick={() => jump('profile', { 'profile.mode': 'icicle', 'profile.find': name, 'profile.zoom': '' })}>Show in the graph</button>
      </p>
    </article>
  );
}

function placesOf(frames: Frames, key: number): string {
  const places = new Set<string>();
  for (let frame = 0; frame < frames.function.length; ++frame) if (frames.function[frame] === key) places.add(place(frames, frame));
  places.delete('');
  const [first] = places;
  if (!first) return 'its lines are not known';
  return places.size === 1 ? first : `${first} and ${plural(places.size - 1, 'other line')}`;
}

function Neighbours({ title, tree: near, frames }: { title: string; tree: Tree; frames: Frames }) {
  const nodes = heavyChildren(near.shape, near.weights, 0);
  return (
    <section>
      <h3>{title}</h3>
      {nodes.length === 0 && <p class="quiet">Nothing that was seen.</p>}
      <ul class="neighbours">
        {nodes.slice(0, kNeighbours).map((node) => {
          const name = functionName(frames, near.shape.frame[node]);
          return (
            <li key={node}>
              <span class="weight">{amount(near.after.total[node], unit.value)}</span>
              <button type="button" class="plain code" onClick={() => jump('profile', { sel: `function~${stableId(name)}` })}><Name of={name} /></button>
            </li>
          );
        })}
      </ul>
      {nodes.length > kNeighbours && <p class="quiet">and {count(nodes.length - kNeighbours)} more</p>}
    </section>
  );
}
