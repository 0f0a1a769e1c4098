// What needs no page: columns, names, graphs, exports.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { column, decodeColumns } from '../src/bundle/columns.ts';
import { fromBase64, gunzip } from '../src/bundle/gunzip.ts';
import { fileSource } from '../src/bundle/source.ts';
import { apart } from '../src/growth/apart.ts';
import { LiveGrowth } from '../src/live/growth.ts';
import type { Finding } from '../src/model/finding.ts';
import { unpackRows } from '../src/model/live.ts';
import type { TaskRow } from '../src/model/task.ts';
import { LiveTasks } from '../src/live/task_table.ts';
import { markdown, suppression } from '../src/leaks/export.ts';
import { isLibrary, ownFrame, placeText } from '../src/model/frame.ts';
import { briefName, bytes, count, duration, objectText, ofLibrary, shortName } from '../src/model/words.ts';
import { timeText, timeTicks, valueTicks } from '../src/ui/ticks.ts';
import { dot } from '../src/waits/dot.ts';
import { drawnPart, graphOf, most_drawn, waiters } from '../src/waits/graph.ts';
import { layOut } from '../src/waits/layout.ts';
import { treeRows } from '../src/waits/tree.ts';
import * as orders from './fixtures/order_server.ts';
import { findings } from './fixtures/order_server.ts';
import { hostile_names } from './fixtures/reports.ts';
import { manyWaits, waits } from './fixtures/waits.ts';
import { bundleFile, columnar, json } from './support/bundle_writer.ts';
import { packRows } from './support/packed_rows.ts';

const bytesOf = (raw: Uint8Array) => new Uint8Array(raw) as Uint8Array<ArrayBuffer>;

test('columns come back as they were, shuffled or not', () => {
  const { raw } = columnar('x', [
    ['a', 'u8', [1, 2, 255]], ['b', 'u16', [1, 65535], 'shuffle'], ['c', 'u32', [0, 4294967295, 70000], 'shuffle'],
    ['d', 'i32', [-1, 5], 'shuffle'], ['e', 'f64', [1.5, -2e300], 'shuffle'], ['f', 'u32', []],
  ], { type: 'tasks' });
  const read = decodeColumns(bytesOf(raw));
  assert.deepEqual(read.extra, { type: 'tasks' });
  assert.deepEqual([...column(read, 'a', Uint8Array)], [1, 2, 255]);
  assert.deepEqual([...column(read, 'b', Uint16Array)], [1, 65535]);
  assert.deepEqual([...column(read, 'c', Uint32Array)], [0, 4294967295, 70000]);
  assert.deepEqual([...column(read, 'd', Int32Array)], [-1, 5]);
  assert.deepEqual([...column(read, 'e', Float64Array)], [1.5, -2e300]);
  assert.equal(column(read, 'f', Uint32Array).length, 0);
  assert.throws(() => column(read, 'a', Uint32Array), /"a"/);
  assert.throws(() => column(read, 'none', Uint8Array), /"none"/);
});

test('columns cut off anywhere, or with any byte of the header changed, are refused or read; never out of bounds', () => {
  const { raw } = columnar('x', [['a', 'u32', [1, 2, 3]], ['b', 'f64', [1, 2]]]);
  for (let length = 0; length < raw.length; ++length)
    assert.throws(() => decodeColumns(bytesOf(raw.subarray(0, length))), /./, `cut at ${length}`);
  for (let at = 0; at < raw.length - 28; ++at)
    for (const value of [0, 0x2d, 0x39, 0xff]) {
      const changed = bytesOf(raw);
      changed[at] = value;
      try {
        decodeColumns(changed);
      } catch (error) {
        assert.equal((error as Error).name, 'BundleProblem', String(error));
      }
    }
});

test('a damaged gzip member or base64 is told', async () => {
  const file = bundleFile([json('meta', { a: 1 })]);
  const source = await fileSource(new Blob([bytesOf(file)]));
  const found = await source.read('meta.json');
  const member = found!.packed!.data as Uint8Array<ArrayBuffer>;
  assert.equal(new TextDecoder().decode(await gunzip(member, 7)), '{"a":1}');
  await assert.rejects(gunzip(member, 8), /7 bytes where 8/);
  await assert.rejects(gunzip(member.slice(0, -4), 7), /cut off or damaged/);
  assert.throws(() => fromBase64('%%%'), /base64/);
  await assert.rejects(fileSource(new Blob(['nothing of the kind'])), /TRKVIEW1/);
  await assert.rejects(fileSource(new Blob([bytesOf(file.subarray(0, 20))])), /directory/);
  const short = await fileSource(new Blob([bytesOf(file.subarray(0, file.length - 5))]));
  await assert.rejects(short.read('meta.json'), /cut off/);
  assert.equal(await source.read('none'), undefined);
});

test('names are shortened to what tells them apart', () => {
  assert.equal(shortName('std::vector<std::pair<int, int>, std::allocator<std::pair<int, int> > >::push_back(int&&)'), 'std::vector<…>::push_back(int&&)');
  assert.equal(shortName('Queue<Order>::pop()'), 'Queue<Order>::pop()');
  assert.equal(shortName('operator<<(std::ostream&, Very::Long::Type const&, another)'), 'operator<<(…)');
  assert.equal(shortName('a::operator->()'), 'a::operator->()');
  assert.equal(shortName('f<a::b<&c::operator< >, std::string>(int)::{lambda()#1}::operator()() const'), 'f<…>(int)::{lambda()#1}::operator()() const');
  assert.equal(shortName('main::(anonymous)::operator()'), 'main::<lambda>::operator()');
  assert.equal(briefName('(anonymous namespace)::pump(int)::(anonymous)::operator()'), '(anonymous namespace)::pump(int)::<lambda>::operator()');
  assert.equal(briefName('Bank::transfer(Account&, Account&)'), 'Bank::transfer()');
  for (const name of Object.values(hostile_names)) assert.ok(shortName(name).length <= name.length);
});

test('numbers as people read them', () => {
  assert.deepEqual([0, 999, 1500, 61e9, 5400e9, 2 * 86400e9].map(duration), ['0 s', '999 ns', '1.5 µs', '1 min', '1.5 h', '2 d']);
  assert.deepEqual([0, 1023, 1536, 3 * 2 ** 20].map(bytes), ['0 B', '1023 B', '1.5 KiB', '3 MiB']);
  assert.equal(count(1234567), '1\u202f234\u202f567');
  assert.equal(duration(NaN), '–');
  assert.deepEqual([['sleep', '0x0'], ['epoll', '0x5'], ['process', '0x10'], ['mutex', '0x55d0c0']].map(([kind, address]) => objectText(kind, address)),
    ['', 'descriptor 5', '16', '0x55d0c0']);
});

test("the reader's own frame stands for a stack", () => {
  const [deadlock] = findings();
  assert.equal(placeText(ownFrame(deadlock!.blocked_at)), 'bank.cc:21');
  assert.equal(isLibrary({ function: 'x', file: '/usr/include/c++/12/thread', line: 1 }), true);
  // libc's frames have files where its debug file is there.
  assert.equal(isLibrary({ function: 'start_thread', file: './nptl/pthread_create.c', line: 442, module: '/lib/x86_64-linux-gnu/libc.so.6' }), true);
  assert.equal(isLibrary({ function: 'main', file: '../../src/main.cc', line: 1, module: '/srv/lib/tool' }), false);
  assert.equal(ownFrame([]), undefined);
});

test('a finding as a suppression and as Markdown', () => {
  const orphan = findings()[1]!;
  assert.match(suppression(orphan), /^# 412 coroutines.*\norphaned-coroutine:Acceptor::accept\(\)\n$/);
  assert.match(suppression({ ...orphan, created_at: [], blocked_at: [], await_chain: [] }), /^# 412 coroutines.*no function is known.*\n$/);
  const text = markdown(orphan);
  assert.match(text, /\*\*proved\*\*/);
  assert.match(text, /#0 Acceptor::accept\(\)  acceptor.cc:33/);
});

test('the graph: waiters behind others count, cycles come first, big ones are cut', () => {
  const graph = graphOf(waits() as never);
  assert.equal(waiters(graph, 't3'), 4);
  assert.equal(waiters(graph, 'g3'), 412);
  const rows = treeRows(graph, new Set());
  assert.equal(rows[0]!.cycle, 0);
  assert.deepEqual(rows.slice(1, 4).map((row) => [row.node!.id, row.level]), [['t2', 2], ['t3', 2], ['g1', 3]]);
  assert.deepEqual(new Set(rows.flatMap((row) => row.node?.id ?? [])), new Set(graph.nodes.keys()));
  assert.equal(drawnPart(graphOf(manyWaits(120, 4, 8) as never), undefined).size, most_drawn);
});

test('the layout keeps cards apart and inside, for rings of every size', () => {
  for (const size of [1, 2, 3, 5, 7, 12, 40]) {
    const { graph } = manyWaits(2, size, 2);
    const layout = layOut({ id: 1, nodes: graph.nodes.map((node) => node.id), edges: graph.edges, rings: graph.cycles });
    const cards = Object.values(layout.cards);
    assert.equal(cards.length, graph.nodes.length);
    for (const [i, a] of cards.entries()) {
      assert.ok(a.x > 0 && a.y > 0 && a.x < layout.width && a.y < layout.height);
      for (const b of cards.slice(i + 1)) assert.ok(Math.abs(a.x - b.x) >= 216 || Math.abs(a.y - b.y) >= 50, `ring of ${size}: cards overlap`);
    }
    for (const line of layout.lines) for (const { x, y } of line) assert.ok(Number.isFinite(x) && Number.isFinite(y));
  }
});

test('live: packed rows are the rows that they were; those with one stack share it', () => {
  const rows = orders.taskRows();
  assert.deepEqual(unpackRows(packRows(rows)), rows);
  const twins = unpackRows(packRows([rows[1]!, { ...rows[1]!, id: 77 }]));
  assert.equal(twins[0]!.at, twins[1]!.at);
});

test('live: ages go on by themselves, what is not known stays so', () => {
  const rows = orders.taskRows().slice(0, 2).map((row, i) => ({ ...row, age_ns: i * 5e9, since_ns: i * 2e9 }));
  const tasks = new LiveTasks();
  tasks.replace({ seq: 1, meta: orders.meta(), tasks: packRows(rows) }, 1000);
  const times = (at: number) => tasks.list(at)!.processes[0]!.tasks.map((row) => [row.age_ns, row.since_ns]);
  assert.deepEqual(times(4000), [[0, 0], [8e9, 5e9]]);
  assert.deepEqual(times(4000), [[0, 0], [8e9, 5e9]]);
  tasks.change({ seq: 2, counts: orders.counts, t_ms: 0, upsert: packRows([{ ...rows[1]!, age_ns: 9e9, since_ns: 1e9 }]), remove: [[rows[0]!.kind, rows[0]!.id]] }, 5000);
  assert.deepEqual(times(6000), [[10e9, 2e9]]);
});

test('growth: letters at the ends of curves never stand upon each other, and stay near', () => {
  for (const places of [[10, 11, 12, 200], [250, 249, 248, 251], [0, 0, 0], [100, 20, 60]]) {
    const put = apart(places, 15, 10, 254);
    const sorted = [...put].sort((a, b) => a - b);
    sorted.forEach((at, i) => assert.ok(at >= 10 && at <= 254 && (i === 0 || at - sorted[i - 1]! >= 15), `${places}: ${put}`));
    places.forEach((a, i) => places.forEach((b, k) => assert.ok(a >= b || put[i]! < put[k]!, 'their order is the curves\'')));
  }
  assert.deepEqual(apart([100, 20, 60], 15, 10, 254), [100, 20, 60]);
});

test('asio\'s own coroutines are told from those that only return its types', () => {
  for (const name of ['asio::awaitable<void, asio::any_io_executor> asio::detail::co_spawn_entry_point<void>(asio::awaitable<void>*, int (*)(char))', 'coroutine 7: std::__detail::pump()', 'boost::asio::async_result<boost::use_t, void (int)>::initiate<int>(int, std::x)::{lambda()#1}'])
    assert.ok(ofLibrary(name), name);
  for (const name of ['asio::awaitable<void> Session::run(std::string)', 'coroutine 3: Session::read(std::shared_ptr<int>)', 'main', 'standard::run()', ''])
    assert.ok(!ofLibrary(name), name);
});

test('live: findings are of the groups that their tasks were counted in', () => {
  const growth = new LiveGrowth();
  const rows = orders.taskRows();
  for (const at of [0, 2000]) growth.sample(() => rows, at);
  const [deadlock, leak] = orders.findings();
  const titles = (finding: Finding, row: (task: { id: number }) => TaskRow | undefined) => {
    const of = growth.of(finding, row);
    return growth.report()!.groups.filter((one) => of.includes(one.fingerprint)).map((one) => one.title);
  };
  const find = ({ id }: { id: number }) => rows.find((row) => row.id === id);
  assert.deepEqual(titles(deadlock!, find), ['threads created in WorkerPool::start(unsigned int) worker_pool.cc:27']);
  // The row of 412 has the number of one of them only.
  assert.equal(titles(leak!, () => undefined).length, 1);
  assert.match(titles(leak!, () => undefined)[0]!, /Session::read/);
});

test('live: an hour of samples needs no more room than a minute, and keeps its beginning', () => {
  const growth = new LiveGrowth();
  const row = orders.taskRows()[0]!;
  const rows = (count: number) => () => [{ ...row, count }, { ...row, id: 99, count: 1, created_at: orders.taskRows()[1]!.created_at }];
  for (let second = 0; second < 3600; ++second) growth.sample(rows(second), second * 1000);
  assert.equal(growth.sample(rows(0), 3_599_001), false);
  const report = growth.report()!;
  assert.ok(report.dumps.length > 100 && report.dumps.length <= 240, `${report.dumps.length}`);
  const [first, second] = report.groups;
  assert.deepEqual(first!.counts, report.dumps.map(({ taken_ms }) => taken_ms / 1000));
  assert.equal(Math.round(first!.per_hour), 3600);
  assert.deepEqual(second!.counts, report.dumps.map(() => 1));
});

test('axes are marked at round values, and not closer than there is room', () => {
  assert.deepEqual(valueTicks(106, 4, false), [0, 50, 100]);
  assert.deepEqual(valueTicks(1, 5, false), [0, 1]);
  assert.deepEqual(valueTicks(3.2 * 1024 ** 2, 4, true), [0, 1, 2, 3].map((one) => one * 1024 ** 2));
  for (const span of [1, 900, 60_000, 3.6e6, 9e7, 4e9]) {
    const from = 1_795_338_012_345;
    const ticks = timeTicks(from, from + span, 8);
    assert.ok(ticks.length <= 9 && ticks.every((one) => one >= from && one <= from + span), `${span}: ${ticks}`);
    if (span >= 60_000) assert.ok(ticks.length >= 2, `${span}: ${ticks}`);
    assert.equal(new Set(ticks.map((one) => timeText(one, span))).size, ticks.length);
  }
});

test('DOT holds any name', () => {
  const names = Object.values(hostile_names);
  const node = (name: string) => ({ id: name, kind: 'thread', label: name, detail: 'a\\', count: 1, state: '', stack: [] });
  const text = dot(graphOf(waits(names.map(node), [{ from: names[0]!, to: names[1]!, label: '"', object: '', wait_ns: 1, certain: false }], [[names[0]!]]) as never));
  const without_strings = text.replace(/"(?:[^"\\\n]|\\.)*"/g, 'S').replaceAll('->', 'to');
  assert.doesNotMatch(without_strings, /["<>]|script/);
  assert.match(without_strings, /S to S \[label=S, style=dashed\];/);
});
