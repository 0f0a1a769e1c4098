// The profiles of the bundle that is open, each read when it is first looked at.

import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Bundle } from '../bundle/bundle.ts';
import { type Columns, column } from '../bundle/columns.ts';
import { BundleProblem, reason } from '../bundle/problem.ts';
import type { ProfileMeta } from '../model/meta.ts';
import { type Loaded, bundle, meta, whyAbsent } from '../state/documents.ts';
import { range } from '../state/selection.ts';
import { recorded } from '../timeline/load.ts';
import type { Frames } from './frames.ts';
import { in_range, profileInRange } from './in_range.ts';
import type { Profile } from './tree.ts';
import { shape } from './trie.ts';

const read = new WeakMap<Bundle, Map<string, Signal<Loaded<Profile>>>>();
const frames = new WeakMap<Bundle, Promise<Frames>>();

export function listed(): readonly ProfileMeta[] {
  const all = meta.value?.profiles ?? [];
  return range.value && !meta.value?.absent?.timeline ? [...all, in_range] : all;
}

export function profileOf(one: ProfileMeta | undefined): ReadonlySignal<Loaded<Profile>> {
  const open = bundle.value;
  if (!open || !one) return signal<Loaded<Profile>>({ state: 'absent', why: whyAbsent('profiles') });
  if (one === in_range) return ranged;
  let known = read.get(open);
  if (!known) read.set(open, (known = new Map()));
  let loaded = known.get(one.section);
  if (!loaded) {
    loaded = signal<Loaded<Profile>>({ state: 'waiting' });
    known.set(one.section, loaded);
    void load(open, one, loaded);
  }
  return loaded;
}

// Made anew when the range changes.
const ranged = computed<Loaded<Profile>>(() => {
  const all = recorded().value;
  return all.state === 'ready' ? { state: 'ready', value: profileInRange(all.value, all.value.frames) } : all;
});

async function load(from: Bundle, one: ProfileMeta, into: Signal<Loaded<Profile>>): Promise<void> {
  try {
    const [section, names] = await Promise.all([from.columns(one.section), framesOf(from)]);
    into.value = section
      ? { state: 'ready', value: readProfile(section, one, names) }
      : { state: 'absent', why: whyAbsent(one.section) };
  } catch (error) {
    into.value = { state: 'broken', why: reason(error) };
  }
}

export function framesOf(from: Bundle): Promise<Frames> {
  let known = frames.get(from);
  if (!known) frames.set(from, (known = readFrames(from)));
  return known;
}

async function readFrames(from: Bundle): Promise<Frames> {
  const [section, strings] = await Promise.all([from.columns('frames'), from.json<string[]>('strings.json')]);
  if (!section || !Array.isArray(strings)) throw new BundleProblem('The names of its frames are missing.');
  const result = {
    strings,
    function: column(section, 'function', Uint32Array),
    file: column(section, 'file', Uint32Array),
    line: column(section, 'line', Uint32Array),
    module: column(section, 'module', Uint32Array),
    flags: column(section, 'flags', Uint8Array),
  };
  for (const name of ['function', 'file', 'module'] as const)
    checkBelow(result[name], strings.length, `a frame's ${name}`);
  return result;
}

export function checkBelow(values: Uint32Array, limit: number, what: string): void {
  for (let at = 0; at < values.length; ++at)
    if (values[at] >= limit) throw new BundleProblem(`${what} is ${values[at]}, there are ${limit}`);
}

function readProfile(section: Columns, one: ProfileMeta, names: Frames): Profile {
  const depth = column(section, 'depth', Uint16Array);
  const frame = column(section, 'frame', Uint32Array);
  if (frame.length !== depth.length) throw new BundleProblem('Its columns are not equally long.');
  checkBelow(frame, names.function.length, "a node's frame");
  const weights = (name: string) =>
    one.value_types.map((_, at) => {
      const found = column(section, `${name}${at}`, Float64Array);
      if (found.length !== depth.length) throw new BundleProblem(`Column "${name}${at}" is of another length.`);
      return found;
    });
  return {
    type: one.type,
    values: one.value_types,
    frames: names,
    shape: shape(depth, frame),
    selves: weights('self'),
    bases: section.columns.base0 ? weights('base') : [],
  };
}
