// The trie and all that is made of it, against the same things computed the slow and obvious way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layOut, makeBoxes } from '../src/profile/boxes.ts';
import type { Frames } from '../src/profile/frames.ts';
import { findFrames, matchedSum } from '../src/profile/search.ts';
import { tally } from '../src/profile/top.ts';
import { calleesOf, callersOf, makeSource, outermost, type Profile, type Tree, wholeTree } from '../src/profile/tree.ts';
import { shape } from '../src/profile/trie.ts';
import { step } from '../src/profile/walk.ts';
import { Random } from './support/random.ts';

interface Sample {
  frames: number[];
  value: number;
  before: number;
}

const functions = 9;
const lines = 3; // a function

// Frame 0 is unknown; frame f is function 1 + (f - 1) % functions, on one of its lines.
function makeFrames(): Frames {
  const count = 1 + functions * lines;
  const names = Array.from({ length: functions }, (_, at) => `ns::f${at + 1}(int)`);
  return {
    strings: ['', ...names, 'a.cc'],
    function: Uint32Array.from({ length: count }, (_, at) => (at === 0 ? 0 : 1 + ((at - 1) % functions))),
    file: new Uint32Array(count).fill(functions + 1),
    line: Uint32Array.from({ length: count }, (_, at) => at),
    module: new Uint32Array(count),
    flags: new Uint8Array(count),
  };
}

function makeSamples(seed: number, count: number): Sample[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => ({
    frames: Array.from({ length: 1 + random.below(8) }, () => 1 + random.below(functions * lines)),
    value: random.below(5),
    before: random.below(3),
  }));
}

function makeProfile(samples: Sample[], diff = false): Profile {
  const depth = [0];
  const frame = [0];
  const self = [0];
  const base = [0];
  const put = (inside: Sample[], level: number): void => {
    const by = new Map<number, Sample[]>();
    for (const one of inside) {
      const next = one.frames[level];
      if (next !== undefined) by.set(next, [...(by.get(next) ?? []), one]);
    }
    for (const [next, list] of by) {
      const ends = list.filter((one) => one.frames.length === level + 1);
      depth.push(level + 1);
      frame.push(next);
      self.push(ends.reduce((sum, one) => sum + one.value, 0));
      base.push(ends.reduce((sum, one) => sum + one.before, 0));
      put(list, level + 1);
    }
  };
  put(samples, 0);
  return {
    type: 'tasks',
    values: [{ type: 'tasks', unit: 'count' }],
    frames: makeFrames(),
    shape: shape(Uint16Array.from(depth), Uint32Array.from(frame)),
    selves: [Float64Array.from(self)],
    bases: diff ? [Float64Array.from(base)] : [],
  };
}

// By path of functions: what all stacks that begin so weigh together.
function byPath(samples: Sample[], pathOf: (one: Sample) => number[][]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const one of samples)
    for (const path of pathOf(one))
      for (let end = 1; end <= path.length; ++end) {
        const key = path.slice(0, end).join(' ');
        sums.set(key, (sums.get(key) ?? 0) + one.value);
      }
  return new Map([...sums].filter(([, sum]) => sum > 0).sort());
}

function pathsOf(tree: Tree, frames: Frames, skip_root: boolean): Map<string, number> {
  const open: number[] = [];
  const sums = new Map<string, number>();
  for (let row = skip_root ? 1 : 0; row < tree.shape.count; ++row) {
    const level = tree.shape.depth[row]! - (skip_root ? 1 : 0);
    open.length = level;
    open.push(frames.function[tree.shape.frame[row]!]!);
    const key = open.join(' ');
    assert.ok(!sums.has(key), `two siblings of one function: ${key}`);
    if (tree.after.total[row]! > 0) sums.set(key, tree.after.total[row]!);
  }
  return new Map([...sums].sort());
}

const choice = { value: 0, lines: false, normalise: false };
const functionOf = (frame: number) => 1 + ((frame - 1) % functions);

test('siblings of one function become one node, and nothing is lost', () => {
  const samples = makeSamples(1, 300);
  const profile = makeProfile(samples);
  const tree = wholeTree(makeSource(profile, choice));
  assert.deepEqual(pathsOf(tree, profile.frames, true), byPath(samples, (one) => [one.frames.map(functionOf)]));
  assert.equal(tree.after.total[0], samples.reduce((sum, one) => sum + one.value, 0));
});

test('children stand heaviest first', () => {
  const { shape: made, weights } = wholeTree(makeSource(makeProfile(makeSamples(2, 400)), choice));
  for (let row = 0; row < made.count; ++row) {
    let before = Infinity;
    for (let child = row + 1; child < made.end[row]!; child = made.end[child]!) {
      assert.ok(weights.total[child]! <= before);
      before = weights.total[child]!;
    }
  }
});

test('callers and callees of every function, from every place where it occurs', () => {
  const samples = makeSamples(3, 250);
  const profile = makeProfile(samples);
  const source = makeSource(profile, choice);
  for (let wanted = 1; wanted <= functions; ++wanted) {
    const starts = outermost(source, wanted);
    const at = (one: Sample) => one.frames.findIndex((frame) => functionOf(frame) === wanted);
    const through = samples.filter((one) => at(one) >= 0);
    const down = byPath(through, (one) => [one.frames.slice(at(one)).map(functionOf)]);
    const up = byPath(through, (one) => [one.frames.slice(0, at(one) + 1).map(functionOf).reverse()]);
    assert.deepEqual(pathsOf(calleesOf(source, starts), profile.frames, false), down, `callees of ${wanted}`);
    assert.deepEqual(pathsOf(callersOf(source, starts), profile.frames, false), up, `callers of ${wanted}`);
  }
});

test('flat and cum are those of the stacks, a recursion counted once', () => {
  const samples = makeSamples(4, 300);
  const profile = makeProfile(samples);
  const source = makeSource(profile, choice);
  const { key, flat, cum } = tally(source.shape, profile.frames.function, functions + 2, source.selves[0]!, source.totals[0]!);
  for (let at = 0; at < key.length; ++at) {
    const own = samples.filter((one) => functionOf(one.frames.at(-1)!) === key[at]);
    const through = samples.filter((one) => one.frames.some((frame) => functionOf(frame) === key[at]));
    assert.equal(flat[at], own.reduce((sum, one) => sum + one.value, 0));
    assert.equal(cum[at], through.reduce((sum, one) => sum + one.value, 0));
  }
});

test('a search sums every stack once', () => {
  const samples = makeSamples(5, 300);
  const profile = makeProfile(samples);
  const tree = wholeTree(makeSource(profile, choice));
  const meant = (frame: number) => [2, 5].includes(functionOf(frame));
  const sum = samples.filter((one) => one.frames.some(meant)).reduce((all, one) => all + one.value, 0);
  assert.equal(matchedSum(tree.shape, tree.after.total, findFrames(profile.frames, '/NS::f[25]\\(/')!), sum);
  assert.equal(findFrames(profile.frames, '  '), null);
  assert.equal(findFrames(profile.frames, 'nowhere')!.matched, 0);
  assert.throws(() => findFrames(profile.frames, '/(/'), SyntaxError);
});

test('boxes of every level cover what its nodes weigh, whatever is zoomed', () => {
  const tree = wholeTree(makeSource(makeProfile(makeSamples(6, 3000)), choice));
  const boxes = makeBoxes();
  for (const focus of [0, 1, step(tree.shape, tree.weights, 1, 'in')]) {
    const width = 300;
    layOut(tree.shape, tree.weights, { focus, width, firstLevel: 0, lastLevel: 99 }, boxes);
    const levels = new Map<number, number[]>();
    for (let at = 0; at < boxes.count; ++at) {
      assert.ok(boxes.width[at]! >= 1, 'narrower than a pixel');
      assert.ok(boxes.x[at]! > -1e-6 && boxes.x[at]! + boxes.width[at]! < width + 1e-6, 'outside of the picture');
      levels.set(boxes.level[at]!, [...(levels.get(boxes.level[at]!) ?? []), at]);
    }
    for (let level = tree.shape.depth[focus]! + 1; level <= tree.shape.deepest; ++level) {
      let weight = 0;
      for (let row = focus; row < tree.shape.end[focus]!; ++row) if (tree.shape.depth[row] === level) weight += tree.weights.total[row]!;
      const all = (levels.get(level) ?? []).sort((a, b) => boxes.x[a]! - boxes.x[b]!);
      const drawn = all.reduce((sum, at) => sum + boxes.weight[at]!, 0);
      assert.ok(drawn <= weight, `level ${level}: ${drawn} of ${weight}`);
      if (level <= 3) assert.ok(drawn > weight * 0.97, `level ${level}: only ${drawn} of ${weight}`);
      for (let one = 1; one < all.length; ++one)
        assert.ok(boxes.x[all[one]!]! > boxes.x[all[one - 1]!]! + boxes.width[all[one - 1]!]! - 1e-6, `two boxes overlap in level ${level}`);
    }
  }
});

test('compared profiles: what is gone keeps its place, and normalised they sum up to the same', () => {
  const samples = makeSamples(7, 200);
  const profile = makeProfile(samples, true);
  const tree = wholeTree(makeSource(profile, choice));
  const sum = (of: (one: Sample) => number) => samples.reduce((all, one) => all + of(one), 0);
  assert.equal(tree.after.total[0], sum((one) => one.value));
  assert.equal(tree.before!.total[0], sum((one) => one.before));
  for (let row = 0; row < tree.shape.count; ++row)
    assert.ok(tree.weights.total[row]! >= Math.max(tree.after.total[row]!, tree.before!.total[row]!) - 1e-9);
  const even = wholeTree(makeSource(profile, { ...choice, normalise: true }));
  assert.ok(Math.abs(even.before!.total[0]! - even.after.total[0]!) < 1e-6);
});

test('depths that no trie has are refused with the row', () => {
  assert.throws(() => shape(Uint16Array.from([1]), new Uint32Array(1)), /row 0/);
  assert.throws(() => shape(Uint16Array.from([0, 2]), new Uint32Array(2)), /row 1 has depth 2 after 0/);
  assert.throws(() => shape(Uint16Array.from([0, 1, 0]), new Uint32Array(3)), /row 2/);
});

test('a root alone, and no row at all', () => {
  for (const depth of [[], [0]]) {
    const made = shape(Uint16Array.from(depth), new Uint32Array(depth.length));
    assert.equal(made.count, 1);
    assert.equal(made.end[0], 1);
  }
});
