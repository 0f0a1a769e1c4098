// What the profile view shows: kept in the URL where a link should keep it, computed once where
// several parts look at it.

import { computed } from '@preact/signals';
import { parameter } from '../state/route.ts';
import { stableId } from '../model/stable_id.ts';
import { listed, profileOf } from './load.ts';
import { findFrames, type Hits, matchedSum } from './search.ts';
import { makeSource, type Profile, type Tree, wholeTree } from './tree.ts';
import { tally } from './top.ts';
import { totals } from './trie.ts';

type Mode = 'flame' | 'icicle' | 'callers' | 'top' | 'source';
export const kModes: [Mode, string][] = [
  ['icicle', 'Icicle'],
  ['flame', 'Flame'],
  ['callers', 'Callers & callees'],
  ['top', 'Top'],
  ['source', 'Source'],
];

export const which = parameter('profile.of', '0');
export const value_of = parameter('profile.value');
export const mode = parameter('profile.mode', 'icicle');
export const query = parameter('profile.find');
export const by_line = parameter('profile.lines');
export const normalised = parameter('profile.even');
export const pivot = parameter('profile.pivot'); // stableId of a function
export const zoomed_to = parameter('profile.zoom'); // nodeId
export const file_of = parameter('profile.file');

export const entry = computed(() => listed().find((one) => one.section === which.value) ?? listed()[Number(which.value)] ?? listed()[0]);
export const loaded = computed(() => profileOf(entry.value).value);
export const profile = computed<Profile | undefined>(() =>
  loaded.value.state === 'ready' ? loaded.value.value : undefined,
);

export const value = computed(() => {
  const shown = value_of.value === '' ? (entry.value?.shown ?? 0) : Number(value_of.value);
  const count = profile.value?.values.length ?? 1;
  return Number.isInteger(shown) && shown >= 0 && shown < count ? shown : 0;
});
export const unit = computed(() => profile.value?.values[value.value]?.unit ?? '');
export const compared = computed(() => (profile.value?.bases.length ?? 0) > 0);

export const source = computed(() => {
  const now = profile.value;
  if (!now) return undefined;
  return makeSource(now, { value: value.value, lines: by_line.value === '1', normalise: normalised.value === '1' });
});
export const tree = computed<Tree | undefined>(() => source.value && wholeTree(source.value));

// What was typed may not be a whole regular expression yet.
export const hits = computed<{ found: Hits | null; problem: string }>(() => {
  const now = profile.value;
  if (!now) return { found: null, problem: '' };
  try {
    return { found: findFrames(now.frames, query.value), problem: '' };
  } catch (error) {
    return { found: null, problem: error instanceof Error ? error.message : String(error) };
  }
});
export const matched = computed(() => {
  const now = tree.value;
  const { found } = hits.value;
  return now && found ? matchedSum(now.shape, now.after.total, found) : undefined;
});

// By function, whatever the boxes are: after, and before where two are compared.
export const tallies = computed(() => {
  const now = source.value;
  const frames = profile.value?.frames;
  if (!now || !frames) return undefined;
  const of = (self: Float64Array, at: number) =>
    tally(now.shape, frames.function, frames.strings.length, self, now.totals[at] ?? totals(now.shape, self));
  return now.selves.map(of);
});

// By place in the source: each frame is a bin.
export const placeTally = computed(() => {
  const now = source.value;
  const frames = profile.value?.frames;
  if (!now || !frames) return undefined;
  const bins = new Map<string, number>();
  const key = new Uint32Array(frames.function.length);
  for (let frame = 0; frame < key.length; ++frame) {
    const place = `${frames.file[frame]}:${frames.line[frame]}`;
    let bin = bins.get(place);
    if (bin === undefined) bins.set(place, (bin = bins.size));
    key[frame] = bin;
  }
  const self = now.selves[0] as Float64Array;
  const result = tally(now.shape, key, bins.size, self, now.totals[0] as Float64Array);
  return { ...result, places: [...bins.keys()] };
});

// Function ids by name and back.
export const functionById = computed(() => {
  const now = profile.value;
  const ids = new Map<string, number>();
  if (now) for (const at of new Set(now.frames.function)) ids.set(stableId(now.frames.strings[at] ?? ''), at);
  return ids;
});
