// The timeline's columns, and what is drawn from them, against the plain list of spans.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeColumns } from '../src/bundle/columns.ts';
import { fit, keepInside, ticks, zoom } from '../src/timeline/camera.ts';
import { chainFrom, flowsOf, linkOf } from '../src/timeline/chain.ts';
import { readTimeline, type Timeline } from '../src/timeline/data.ts';
import { applyFilter } from '../src/timeline/filter.ts';
import { laneOf, spanAt } from '../src/timeline/find.ts';
import { makeItems } from '../src/timeline/items.ts';
import { heat } from '../src/timeline/overview.ts';
import { layRow, makeRuns } from '../src/timeline/runs.ts';
import { kLeaked, kStates } from '../src/timeline/states.ts';
import { columnar } from './support/bundle_writer.ts';
import { type Lane, type Point, type Span, timelineSection } from './fixtures/timeline.ts';
import { Random } from './support/random.ts';

function read(end: number, lanes: Lane[], points: Point[] = []): Timeline {
  return readTimeline(decodeColumns(new Uint8Array(timelineSection(end, lanes, points).raw)));
}

function lane(id: string, spans: Span[], given: Partial<Lane> = {}): Lane {
  return { id, parent: '', kind: 'thread', tid: 1, name: id, group: '', spans, ...given };
}

const kNames = ['mutex', 'condition', 'epoll', 'running'];

function randomLanes(seed: number, count: number, each: number, end: number): Lane[] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, at) => {
    const spans: Span[] = [{ start: 0, duration: end, name: 'thread' }];
    let time = 0;
    for (let k = 0; k < each; ++k) {
      time += random.below((end / each) * 0.8);
      const duration = random.below((end / each) * 0.8);
      if (time + duration > end) break;
      spans.push({ start: time, duration, name: random.of(kNames), depth: 1 });
      time += duration;
    }
    return lane(`t${at}`, spans);
  });
}

test('spans are where they were, also past four seconds, by lane and depth', () => {
  const spans: Span[] = [
    { start: 6e9, duration: 90e9, name: 'thread' },
    { start: 7e9, duration: 5e9, name: 'mutex', depth: 1, object: 4, holder: 1, stack: 3 },
    { start: 8e9, duration: 10, name: 'poll', depth: 2 },
    { start: 20e9, duration: 76e9, name: 'condition', depth: 1, flags: 3 },
  ];
  const timeline = read(100e9, [lane('a', spans), lane('b', [])]);
  const found = Array.from({ length: timeline.spans.count }, (_, at) => [timeline.spans.from[at], timeline.spans.to[at], timeline.names[timeline.spans.name[at]!], kStates[timeline.spans.state[at]!]]);
  assert.deepEqual(found, [[6e9, 96e9, 'thread', 'alive'], [7e9, 12e9, 'mutex', 'blocked'], [20e9, 96e9, 'condition', 'leaked'], [8e9, 8e9 + 10, 'poll', 'idle']]);
  assert.deepEqual([...timeline.laneRow], [0, 3, 4]);
  assert.equal(timeline.spans.holder[1], 1);
  assert.equal(laneOf(timeline, 3), 0);
  assert.equal(timeline.spans.open[2], 1);
});

test('columns that do not fit together are refused', () => {
  const good = timelineSection(10, [lane('a', [{ start: 0, duration: 5, name: 'x' }])]);
  const { extra, columns } = decodeColumns(new Uint8Array(good.raw));
  assert.throws(() => readTimeline({ extra, columns: { ...columns, lane_start: Uint32Array.from([0, 7]) } }), /lane_start/);
  assert.throws(() => readTimeline({ extra, columns: { ...columns, stack: new Uint32Array(0) } }), /0 rows/);
  assert.throws(() => readTimeline({ extra: { ...extra, lanes: 3 }, columns }), /lanes/);
  assert.throws(() => readTimeline({ extra, columns: { ...columns, p_time: new Float64Array(2) } }), /p_time/);
  assert.throws(() => readTimeline(decodeColumns(new Uint8Array(columnar('timeline', [], extra).raw))), /missing/);
});

test('the span under a time is the innermost one there', () => {
  const end = 1e6;
  const timeline = read(end, randomLanes(1, 3, 60, end));
  const random = new Random(2);
  for (let round = 0; round < 500; ++round) {
    const which = random.below(3);
    const time = random.below(end);
    const found = spanAt(timeline, which, time, 0, null);
    let expected = -1;
    for (let span = 0; span < timeline.spans.count; ++span)
      if (laneOf(timeline, span) === which && timeline.spans.from[span]! <= time && time < timeline.spans.to[span]!) expected = span;
    if (expected >= 0) assert.equal(found, expected);
  }
});

test('what a row shows covers every span on the screen, and nothing overlaps', () => {
  const end = 1e6;
  const timeline = read(end, randomLanes(3, 2, 3000, end));
  const { spans, rowStart } = timeline;
  const runs = makeRuns();
  for (const [from, to] of [[0, end], [1000, 9000], [500_000, 500_400], [end - 1, end]] as const) {
    for (const row of [0, 1, 2, 3]) {
      const width = 200;
      layRow(spans, rowStart[row]!, rowStart[row + 1]!, from, to, width, null, runs);
      const scale = width / (to - from);
      for (let at = 1; at < runs.count; ++at) assert.ok(runs.x[at]! >= runs.x[at - 1]!, 'out of order');
      for (let span = rowStart[row]!; span < rowStart[row + 1]!; ++span) {
        if (spans.to[span]! <= from || spans.from[span]! >= to) continue;
        const x = (spans.from[span]! - from) * scale;
        const wide = (spans.to[span]! - spans.from[span]!) * scale;
        let covered = false;
        for (let at = 0; at < runs.count && !covered; ++at) covered = runs.x[at]! <= Math.max(x, 0) + 1 && runs.x[at]! + runs.width[at]! >= Math.min(x + wide, width) - 1;
        assert.ok(covered, `span ${span} at ${x}, ${wide} wide, is not drawn`);
      }
    }
  }
});

test('a span that does not pass is not drawn', () => {
  const timeline = read(100, [lane('a', [{ start: 0, duration: 40, name: 'mutex' }, { start: 50, duration: 40, name: 'mutex' }])]);
  const runs = makeRuns();
  layRow(timeline.spans, 0, 2, 0, 100, 100, Uint8Array.from([0, 1]), runs);
  assert.deepEqual([runs.count, runs.span[0], runs.x[0], runs.width[0]], [1, 1, 50, 40]);
});

test('on the overview the state that took most of a pixel wins, and what leaked always', () => {
  const spans: Span[] = [
    { start: 0, duration: 100, name: 'thread' },
    { start: 0, duration: 3, name: 'mutex', depth: 1 },
    { start: 3, duration: 7, name: 'epoll', depth: 1 },
    { start: 52, duration: 1, name: 'condition', depth: 1, flags: 2 },
    { start: 53, duration: 7, name: 'mutex', depth: 1 },
  ];
  const timeline = read(100, [lane('a', spans)]);
  const picture = [...heat(timeline, [0], null, 10, 1)].map((one) => (one === 0 ? '' : kStates[one - 1]));
  assert.deepEqual(picture, ['idle', 'alive', 'alive', 'alive', 'alive', 'leaked', 'alive', 'alive', 'alive', 'alive']);
});

test('an overview has every lane, with more rows than lanes and with fewer', () => {
  const lanes = Array.from({ length: 7 }, (_, at) => lane(`t${at}`, at === 3 ? [{ start: 0, duration: 100, name: 'mutex', flags: 2 }] : [{ start: 0, duration: 100, name: 'x' }]));
  const timeline = read(100, lanes);
  for (const height of [3, 7, 21]) {
    const picture = heat(timeline, [0, 1, 2, 3, 4, 5, 6], null, 4, height);
    assert.ok(picture.every((one) => one !== 0), `height ${height}`);
    const rows = Array.from({ length: height }, (_, y) => picture[y * 4] === kLeaked + 1).filter(Boolean).length;
    assert.equal(rows, Math.max(1, height / 7));
  }
});

test('filters: state, length, words; a life stays below what passes', () => {
  const spans: Span[] = [
    { start: 0, duration: 100, name: 'thread' },
    { start: 10, duration: 20, name: 'mutex', depth: 1, object: 1 },
    { start: 40, duration: 2, name: 'poll', depth: 1 },
  ];
  const timeline = read(100, [lane('worker', spans), lane('main', [{ start: 0, duration: 100, name: 'thread' }])]);
  const passing = (given: Partial<Parameters<typeof applyFilter>[1]>) => {
    const { pass, lanes, spans: count } = applyFilter(timeline, { hidden: new Set(), least: 0, text: '', ...given }, ['', 'the journal'], (stack, text) => stack === 9 && text === 'x');
    return [pass && [...pass], lanes && [...lanes], count];
  };
  assert.deepEqual(passing({}), [null, null, 4]);
  assert.deepEqual(passing({ least: 5 }), [[1, 1, 0, 1], [1, 0], 1]);
  assert.deepEqual(passing({ hidden: new Set(['blocked'] as const) }), [[1, 0, 1, 1], [1, 1], 1]);
  assert.deepEqual(passing({ text: 'JOURNAL' }), [[1, 1, 0, 1], [1, 0], 1]);
  assert.deepEqual(passing({ text: 'main' })[1], [0, 1]);
  assert.equal(passing({ text: 'nowhere' })[2], 0);
});

test('lanes stand below their group and their thread; folded groups keep theirs', () => {
  const none: Span[] = [];
  const lanes = [lane('1', none, { group: 'pool' }), lane('2', none, { group: 'solo' }), lane('3', none, { group: 'pool' }), lane('4', none, { parent: '1', kind: 'locks' }), lane('5', none, { parent: '6' }), lane('6', none, { parent: '5' })];
  const timeline = read(10, lanes);
  const names = (folded: string[]) => makeItems(timeline, null, new Set(folded)).map((item) => (item.lane < 0 ? `${item.group}×${item.lanes.length}` : `${'.'.repeat(item.inset)}${lanes[item.lane]!.id}`));
  assert.deepEqual(names([]), ['pool×2', '.1', '..4', '.3', '2', '5', '.6']);
  assert.deepEqual(names(['pool']), ['pool×3', '2', '5', '.6']);
  assert.deepEqual(makeItems(timeline, Uint8Array.from([0, 1, 0, 0, 0, 0]), new Set()).map((item) => item.lane), [1]);
});

const waits = [
  lane('a', [{ start: 0, duration: 100, name: 'thread' }, { start: 10, duration: 80, name: 'mutex', depth: 1, holder: 1 }]),
  lane('b', [{ start: 0, duration: 100, name: 'thread' }, { start: 30, duration: 40, name: 'mutex', depth: 1, holder: 2 }]),
  lane('c', [{ start: 0, duration: 100, name: 'thread' }, { start: 40, duration: 20, name: 'mutex', depth: 1, holder: 0 }, { start: 80, duration: 5, name: 'poll', depth: 1 }]),
];
const spanOf = (timeline: Timeline, which: number) => timeline.rowStart[timeline.laneRow[which]! + 1]!;

test('a chain of holders: what each waited for meanwhile, how much, and where it closes', () => {
  const timeline = read(100, waits);
  const link = linkOf(timeline, spanOf(timeline, 0))!;
  assert.deepEqual([link.holder, link.next, link.part], [1, spanOf(timeline, 1), 0.5]);
  const { links, circle } = chainFrom(timeline, spanOf(timeline, 0));
  assert.deepEqual([links.map((one) => one.holder), circle], [[1, 2, 0], 3]);
  assert.equal(linkOf(timeline, 0), null);
  const beside = read(100, [...waits, lane('d', [{ start: 0, duration: 100, name: 'thread' }, { start: 20, duration: 70, name: 'mutex', depth: 1, holder: 1 }])]);
  assert.deepEqual([chainFrom(beside, spanOf(beside, 3)).links.length, chainFrom(beside, spanOf(beside, 3)).circle], [4, 3]);
});

test('a wait that ended leads to who let it go on', () => {
  const lanes = [lane('a', [{ start: 0, duration: 100, name: 'thread' }, { start: 10, duration: 40, name: 'mutex', depth: 1 }]), lane('b', [{ start: 0, duration: 100, name: 'thread' }])];
  const timeline = read(100, lanes, [{ lane: 1, time: 49, name: 'lets a go on', flow: 3, kind: 1 }, { lane: 0, time: 50, name: 'goes on', flow: 3, kind: 2 }]);
  const link = linkOf(timeline, 1)!;
  assert.deepEqual([link.holder, link.woke, link.next], [1, true, -1]);
});

test('a task that leaked is shown as leaked where it is stuck, or else all its life', () => {
  const life = { start: 0, duration: 100, name: 'thread', flags: 3 };
  const stuck = read(100, [lane('a', [life, { start: 20, duration: 10, name: 'mutex', depth: 1 }, { start: 60, duration: 40, name: 'mutex', depth: 1, flags: 1 }])]);
  assert.deepEqual([...stuck.spans.state].map((state) => kStates[state]), ['alive', 'blocked', 'leaked']);
  for (const inner of [[], [{ start: 20, duration: 10, name: 'mutex', depth: 1 }]])
    assert.equal(kStates[read(100, [lane('a', [life, ...inner])]).spans.state[0]!], 'leaked');
});

test('arrows of a span are those that begin or end in it', () => {
  const points: Point[] = [
    { lane: 0, time: 20, name: 'creates', flow: 5, kind: 1 },
    { lane: 1, time: 25, name: 'created', flow: 5, kind: 2 },
    { lane: 2, time: 50, name: 'lets go on', flow: 6, kind: 1 },
    { lane: 1, time: 50, name: 'goes on', flow: 6, kind: 2 },
    { lane: 0, time: 60, name: 'alone', flow: 7, kind: 1 },
  ];
  const timeline = read(100, waits, points);
  assert.deepEqual(flowsOf(timeline, 0, 10, 90), [{ fromLane: 0, fromTime: 20, toLane: 1, toTime: 25, label: 'creates' }]);
  assert.deepEqual(flowsOf(timeline, 1, 40, 60).map((one) => [one.fromLane, one.toLane]), [[2, 1]]);
});

test('the camera stays inside, zooms around what is pointed at, and its scale is round', () => {
  assert.deepEqual(keepInside({ from: -50, to: 50 }, 1000), { from: 0, to: 100 });
  assert.deepEqual(keepInside({ from: 950, to: 1050 }, 1000), { from: 900, to: 1000 });
  assert.deepEqual(keepInside({ from: 5, to: 5000 }, 1000), { from: 0, to: 1000 });
  const closer = zoom({ from: 0, to: 1000 }, 250, 0.5, 1000);
  assert.equal((250 - closer.from) / (closer.to - closer.from), 0.25);
  assert.ok(fit(400, 500, 1000).from < 400);
  assert.deepEqual(ticks({ from: 3, to: 47 }, 5), [10, 20, 30, 40]);
});

test('no lane, no span, one span without a length', () => {
  assert.equal(read(10, []).lanes.length, 0);
  const one = read(10, [lane('a', [{ start: 10, duration: 0, name: 'mutex' }])]);
  const runs = makeRuns();
  layRow(one.spans, 0, 1, 0, 10, 100, null, runs);
  assert.ok(heat(one, [0], null, 10, 2).some((state) => state !== 0));
  assert.equal(spanAt(one, 0, 10, 1, null), 0);
});
