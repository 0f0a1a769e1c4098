#include "cli/read/recording.h"

#include <doctest/doctest.h>

#include <random>

#include "cli/model/error.h"
#include "cli/model/labels.h"
#include "cli/read/clock.h"
#include "cli/read/declared.h"
#include "tests/support/recording_builder.h"

using namespace track;
using test::RecordingBuilder;

namespace {

Trace read_bytes(std::span<const std::byte> bytes) {
  return read::read_recording(read::Bytes::memory(bytes), "test", false);
}

RecordingBuilder busy_recording() {
  RecordingBuilder builder;
  const uint32_t stack = builder.add_stack({0x401000, 0x401010, 0x401020});
  builder.add_module("/bin/server", 0x400000, 0x480000);
  builder.add_thread(1, wire::ThreadState::running, wire::kThreadMain);
  auto& worker = builder.add_thread(2, wire::ThreadState::running);
  worker.created_stack = stack;
  std::memcpy(worker.name, "worker", 7);
  builder.set_wait(worker, wire::WaitKind::mutex, 0x5000, wire::kWaitTimed, stack);
  builder.hold(worker, 0x6000);
  builder.hold(worker, 0x7000, wire::kHeldRead);
  builder.add_thread(3, wire::ThreadState::ended);
  const uint32_t site = builder.add_site(wire::SiteState::coroutine, 0x402000, 0x402100);
  builder.add_coroutine(0x9000, site, stack);
  return builder;
}

}  // namespace

TEST_CASE("of a live process ages are known though somebody set the clock since it began") {
  test::RecordingBuilder builder;
  wire::ThreadSlot& thread = builder.add_thread(1, wire::ThreadState::running, wire::kThreadMain);
  wire::Header& header = builder.header();
  const read::ClockPair now = read::clock_pair_now();
  constexpr uint64_t kTicks = 1'000'000'000, kNs = 500'000'000;
  header.start_ticks = now.ticks - kTicks;
  header.start_monotonic_ns = now.ns - kNs;
  header.later_ticks = header.start_ticks;  // nothing has happened since
  header.later_monotonic_ns = header.start_monotonic_ns;
  thread.created_ticks = now.ticks - kTicks / 2;
  const Trace live = read::read_recording(read::Bytes::memory(builder.bytes()), "live", true);
  REQUIRE(live.threads.size() == 1);
  // At half of the time; reading took some of it, too.
  CHECK(live.threads[0].created_ns > now.ns - kNs);
  CHECK(live.threads[0].created_ns <= now.ns - kNs / 2 + kNs / 10);
}

TEST_CASE("in a time namespace now is what the process's own clock says") {
  constexpr uint64_t kSecond = 1'000'000'000;
  for (const int64_t ahead : {int64_t{500'000'000'000'000}, -int64_t{600'000'000'000}}) {
    test::RecordingBuilder builder;
    wire::Header& header = builder.header();
    const read::ClockPair now = read::clock_pair_now();
    if (ahead < 0 && now.ns < 1000 * kSecond) continue;  // started just now
    header.start_realtime_ns = read::realtime_now_ns() - 2 * kSecond;
    header.start_monotonic_ns = now.ns + static_cast<uint64_t>(ahead) - 2 * kSecond;
    header.start_ticks = now.ticks - 4 * kSecond;  // one to two seconds on today's machines
    const Trace live = read::read_recording(read::Bytes::memory(builder.bytes()), "live", true);
    const uint64_t age = live.taken_ns - live.start_ns;
    CHECK(age >= 2 * kSecond);
    CHECK(age < 60 * kSecond);
  }
}

TEST_CASE("samples of CPU time are read with their stacks and what was lost") {
  test::RecordingBuilder builder;
  const uint32_t stack = builder.add_stack({0x401000, 0x401234});
  const uint32_t made = builder.add_stack({0x402000});
  wire::CpuHead& head = builder.cpu_head();
  head.period_ns = 10101010;
  head.state = wire::CpuState::sampling;
  head.signal = 58;
  head.unseen = 7;
  builder.add_cpu_sample(0, wire::cpu_key(stack, false, 0), 41);
  builder.add_cpu_sample(5, wire::cpu_key(stack, true, made), 3);
  builder.add_cpu_sample(6, wire::cpu_key(0, false, 0), 2);
  builder.add_cpu_sample(7, 12345, 99);  // no key of ours
  const Trace trace = read::read_recording(read::Bytes::memory(builder.bytes()), "test", false);
  CHECK(trace.cpu.record == CpuRecord::sampling);
  CHECK(trace.cpu.period_ns == 10101010);
  CHECK(trace.cpu.unseen == 7);
  REQUIRE(trace.cpu.rows.size() == 3);
  CHECK(trace.cpu.rows[0].count == 41);
  CHECK(trace.stacks[trace.cpu.rows[0].stack].addresses ==
        std::vector<uint64_t>{0x401234, 0x401000});
  CHECK(trace.cpu.rows[1].on_fiber);
  CHECK(trace.stacks[trace.cpu.rows[1].created_at].addresses.size() == 1);
  CHECK(trace.cpu.rows[2].stack == 0);
  CHECK(cpu_text(trace.cpu) ==
        "99 samples a second of each thread's CPU time, in the process, by signal 58; 7 samples "
        "not taken while threads had the signal blocked (`track profile cpu PID` sees those)");
}

TEST_CASE("of a sample in a coroutine the stack goes on with who awaits it") {
  RecordingBuilder builder;
  const uint32_t stack = builder.add_stack({0x403001, 0x402001, wire::kAwaitedBy, 0x401005});
  builder.cpu_head().state = wire::CpuState::sampling;
  builder.add_cpu_sample(0, wire::cpu_key(stack, false, builder.add_stack({0x404000})), 1);
  const Trace trace = read::read_recording(read::Bytes::memory(builder.bytes()), "test", false);
  REQUIRE(trace.cpu.rows.size() == 1);
  const Stack& read = trace.stacks[trace.cpu.rows[0].stack];
  CHECK(read.addresses == std::vector<uint64_t>{0x401005, 0x402001, 0x403001});
  CHECK(read.awaiters_from == 1);
  CHECK(trace.stacks[trace.cpu.rows[0].created_at].awaiters_from == 0);
}

TEST_CASE("who created threads is counted by stack, and those without a place are told") {
  RecordingBuilder builder;
  const uint32_t stack = builder.add_stack({0x401000});
  builder.header().counters.threads_created = 9;
  auto* entries =
      reinterpret_cast<wire::KeyCount*>(builder.section_bytes(wire::SectionKind::thread_origins));
  entries[3].key = wire::kOriginUsed | stack;
  entries[3].count = 7;
  entries[4].key = 5;  // no key of ours
  entries[4].count = 7;
  const Trace trace = read::read_recording(read::Bytes::memory(builder.bytes()), "test", false);
  REQUIRE(trace.thread_origins.size() == 1);
  CHECK(trace.thread_origins[0].count == 7);
  CHECK(trace.stacks[trace.thread_origins[0].created_at].addresses ==
        std::vector<uint64_t>{0x401000});
  CHECK(trace.unknown_origins == 2);
}

TEST_CASE("a recording's threads, waits and held locks are read as they were written") {
  const RecordingBuilder builder = busy_recording();
  const Trace trace = read_bytes(builder.bytes());
  CHECK(trace.complete());
  CHECK(trace.pid == 900);
  CHECK(trace.program == "/bin/server");
  CHECK(trace.command_line == std::vector<std::string>{"server", "--fast"});
  CHECK(trace.end == ProcessEnd::main_returned);
  REQUIRE(trace.threads.size() == 3);
  CHECK(trace.threads[0].main);
  const Thread& worker = trace.threads[1];
  CHECK(worker.name == "worker");
  CHECK(worker.state == TaskState::blocked);
  CHECK(worker.wait.kind == WaitKind::mutex);
  CHECK(worker.wait.timed);
  CHECK(worker.wait.object == 0x5000);
  CHECK(worker.wait.since_ns == RecordingBuilder::kStartNs + 5000);
  REQUIRE(worker.held.size() == 2);
  CHECK(worker.held[1].object == 0x7000);
  CHECK(worker.held[1].sort == HeldSort::read);
  CHECK(trace.threads[2].state == TaskState::ended);
}

TEST_CASE("stacks are turned leaf first and shared") {
  const RecordingBuilder builder = busy_recording();
  const Trace trace = read_bytes(builder.bytes());
  REQUIRE(trace.stacks.size() == 2);
  CHECK(trace.stacks[1].addresses == std::vector<uint64_t>{0x401020, 0x401010, 0x401000});
  CHECK(trace.threads[1].created_at == 1);
  CHECK(trace.threads[1].wait.stack == 1);
  CHECK(trace.coroutines.at(0).created_at == 1);
}

TEST_CASE("coroutines carry what their site learned") {
  const RecordingBuilder builder = busy_recording();
  const Trace trace = read_bytes(builder.bytes());
  REQUIRE(trace.coroutines.size() == 1);
  CHECK(trace.coroutines[0].address == 0x9000);
  CHECK(trace.coroutines[0].resume == 0x402000);
  CHECK(trace.coroutines[0].destroy == 0x402100);
  CHECK_FALSE(trace.coroutines[0].site_mixed);
}

TEST_CASE("modules keep their path and build-id") {
  const RecordingBuilder builder = busy_recording();
  const Trace trace = read_bytes(builder.bytes());
  REQUIRE(trace.modules.size() == 1);
  CHECK(trace.modules[0].path == "/bin/server");
  CHECK(trace.modules[0].build_id == "ab01");
}

TEST_CASE("a lock given back in the middle of the held set is no lock held") {
  RecordingBuilder builder;
  auto& slot = builder.add_thread(1, wire::ThreadState::running);
  builder.hold(slot, 0x5000);
  builder.hold(slot, 0x6000);
  slot.held[0] = 0;
  const Trace trace = read_bytes(builder.bytes());
  REQUIRE(trace.threads.at(0).held.size() == 1);
  CHECK(trace.threads[0].held[0].object == 0x6000);
}

TEST_CASE("with locks=all a lock held says since when, and which call took it") {
  RecordingBuilder builder;
  builder.add_thread(1, wire::ThreadState::running);
  auto& slot = builder.add_thread(2, wire::ThreadState::running);
  builder.hold(slot, 0x5000);
  builder.hold(slot, 0x6000);
  builder.hold_since(slot, RecordingBuilder::kStartNs + 700, 0x401234);
  slot.held[0] = 0;
  const Trace trace = read_bytes(builder.bytes());
  const Held& held = trace.threads.at(1).held.at(0);
  CHECK(held.since_ns == RecordingBuilder::kStartNs + 700);
  CHECK(trace.stacks.at(held.taken_at).addresses == std::vector<uint64_t>{0x401234});
  CHECK(trace.stacks.at(held.taken_at).truncated);
}

TEST_CASE("a held set that lost entries says so") {
  RecordingBuilder builder;
  builder.add_thread(1, wire::ThreadState::running).held_lost = 1;
  CHECK_FALSE(read_bytes(builder.bytes()).threads.at(0).held_complete);
}

TEST_CASE("and so does one that was not kept") {
  RecordingBuilder builder;
  builder.add_thread(1, wire::ThreadState::running).flags |= wire::kThreadHeldUnseen;
  builder.add_thread(2, wire::ThreadState::running);
  const Trace trace = read_bytes(builder.bytes());
  CHECK_FALSE(trace.threads.at(0).held_complete);
  CHECK(trace.threads.at(1).held_complete);
}

TEST_CASE("an entry that is being written is left out and counted") {
  RecordingBuilder builder = busy_recording();
  builder.add_thread(4, wire::ThreadState::running).sequence = 3;
  const Trace trace = read_bytes(builder.bytes());
  CHECK(trace.threads.size() == 3);
  REQUIRE(trace.warnings.size() == 1);
  CHECK(trace.warnings[0].find("half written") != std::string::npos);
}

TEST_CASE("losses come by name, and a lossy recording is not complete") {
  RecordingBuilder builder;
  builder.header().lost.stacks = 3;
  const Trace trace = read_bytes(builder.bytes());
  CHECK(trace.lost == std::map<std::string, uint64_t>{{"stacks", 3}});
  CHECK_FALSE(trace.complete());
}

TEST_CASE("something else is refused by name") {
  std::vector<std::byte> bytes(16384, std::byte{0x55});
  CHECK_THROWS_WITH_AS(read_bytes(bytes), "test is not a libtrack recording", Error);
}

TEST_CASE("a foreign version is refused, and both versions are named") {
  RecordingBuilder builder;
  builder.header().version = wire::kVersion + 1;
  try {
    read_bytes(builder.bytes());
    FAIL("it was read");
  } catch (const Error& error) {
    const std::string text = error.what();
    CHECK(text.find("version " + std::to_string(wire::kVersion + 1)) != std::string::npos);
    CHECK(text.find("version " + std::to_string(wire::kVersion)) != std::string::npos);
  }
}

TEST_CASE("control characters of a recording do not reach the terminal") {
  RecordingBuilder builder;
  auto& slot = builder.add_thread(1, wire::ThreadState::running);
  std::memcpy(slot.name, "a\033[2Jb", 7);
  CHECK(read_bytes(builder.bytes()).threads.at(0).name == "a?[2Jb");
}

TEST_CASE("a stack reference outside its table is a warning, not a read") {
  RecordingBuilder builder;
  builder.add_thread(1, wire::ThreadState::running).created_stack = 0xffffffff;
  const Trace trace = read_bytes(builder.bytes());
  CHECK(trace.threads.at(0).created_at == 0);
  CHECK(trace.warnings.size() == 1);
}

TEST_CASE("tasks have the labels they were created with, and stacks of other labels are others") {
  RecordingBuilder builder;
  builder.add_label_text(3, "test");
  builder.add_label_text(4, "Queue.Drains");
  builder.add_label_text(5, "Queue\033.Fills");
  builder.add_label_set(7, {3 << 16 | 4});
  builder.add_label_set(8, {3 << 16 | 5});
  const uint32_t stack = builder.add_stack({0x10, 0x20});
  for (uint32_t i = 0; i < 3; ++i) {
    auto& thread = builder.add_thread(i + 1, wire::ThreadState::running);
    thread.created_stack = stack;
    thread.created_labels = i == 0 ? 7 : 8;
    thread.labels = i == 2 ? 0u : 8u;
  }
  builder.add_coroutine(0x5000, 7 << wire::kSiteLabelShift | wire::kFrameSeen, stack);
  builder.add_fiber(9, wire::FiberState::created).created_labels = 7;
  const Trace trace = read_bytes(builder.bytes());
  CHECK(trace.warnings.empty());
  CHECK(labels_text(trace, trace.threads.at(0).labels) == "test=Queue.Drains");
  CHECK(labels_text(trace, trace.threads.at(0).labels_now) == "test=Queue?.Fills");
  CHECK(label_value(trace, trace.threads.at(1).labels, "test") == "Queue?.Fills");
  CHECK(labels_text(trace, trace.threads.at(2).labels_now).empty());
  CHECK(trace.threads[0].created_at != trace.threads[1].created_at);
  CHECK(trace.threads[1].created_at == trace.threads[2].created_at);
  CHECK(trace.coroutines.at(0).labels == trace.threads[0].labels);
  CHECK(trace.coroutines[0].created_at == trace.threads[0].created_at);
  CHECK(trace.coroutines[0].frame_seen);
  CHECK(trace.fibers.at(0).labels == trace.threads[0].labels);
}

TEST_CASE("hidden references are read, and nothing else of the same table") {
  RecordingBuilder recording;
  auto* said =
      reinterpret_cast<wire::Declared*>(recording.section_bytes(wire::SectionKind::declared));
  const auto add = [&](wire::DeclaredSort sort, uint64_t address, uint64_t extent) {
    const bool hidden = sort >= wire::DeclaredSort::root;
    said->address = hidden ? wire::reference_key(sort, address) : address;
    said->sort = static_cast<uint32_t>(sort);
    said++->extent = extent;
  };
  recording.header().sections[static_cast<uint32_t>(wire::SectionKind::declared)].used = 5;
  add(wire::DeclaredSort::lock, 0x5000, 0);
  add(wire::DeclaredSort::held, 0x6000, wire::object_task(0x6000, 2));
  said->address = wire::kDeclaredClaimed;
  ++said;
  add(wire::DeclaredSort::root, 0x7000, 64);
  add(wire::DeclaredSort::root, 0x7fff00000000, ~uint64_t{0});
  recording.header().lost.references = 3;
  const HiddenReferences hidden =
      read::read_hidden_references(read::Bytes::memory(recording.bytes()));
  CHECK(hidden.held == std::vector<uint64_t>{0x6000});
  REQUIRE(hidden.roots.size() == 2);
  CHECK(hidden.roots[0].start == 0x7000);
  CHECK(hidden.roots[0].end == 0x7040);
  CHECK(hidden.roots[1].end > hidden.roots[1].start);
  CHECK(hidden.lost == 3);
  const Trace trace = read_bytes(recording.bytes());
  CHECK(trace.object_names.empty());
  CHECK(trace.lost.at("references") == 3);
}

TEST_CASE("who works for a pool, and in how many of its jobs it is") {
  RecordingBuilder builder;
  builder.add_label_text(2, "decoders");
  for (uint32_t task = 1; task <= 4; ++task) builder.add_thread(task, wire::ThreadState::running);
  auto* members =
      reinterpret_cast<wire::PoolMember*>(builder.section_bytes(wire::SectionKind::pool_members));
  builder.header().sections[static_cast<uint32_t>(wire::SectionKind::pool_members)].used = 4;
  const auto set = [&](uint32_t at, uint32_t task, uint64_t pool, uint32_t name, uint32_t jobs) {
    members[at].task = task;
    members[at].pool = pool;
    members[at].name = name;
    members[at].jobs = members[at].tells_jobs = jobs;
  };
  set(0, 1, 0x5000, 2, 1);
  set(1, 2, 0x5000, 0, 0);
  set(2, 3, 0, 2, 1);        // it has left
  set(3, 99, 0x5000, 2, 1);  // of an earlier thread
  const Trace trace = read_bytes(builder.bytes());
  CHECK(trace.warnings.empty());
  REQUIRE(trace.threads.size() == 4);
  CHECK(trace.threads[0].works_for.pool == 0x5000);
  CHECK(trace.threads[0].works_for.name == "decoders");
  CHECK(trace.threads[0].works_for.jobs == 1);
  CHECK(trace.threads[0].works_for.tells_jobs);
  CHECK(labels_text(trace, trace.threads[0].labels_now) == "pool=decoders");
  CHECK(trace.threads[1].works_for.pool == 0x5000);
  CHECK(trace.threads[1].works_for.name.empty());
  CHECK_FALSE(trace.threads[1].works_for.tells_jobs);
  CHECK(trace.threads[2].works_for.pool == 0);
  CHECK(labels_text(trace, trace.threads[2].labels_now).empty());
  CHECK(trace.threads[3].works_for.pool == 0);
}

TEST_CASE("the label of a scope becomes its name, and who has it is in the scope") {
  RecordingBuilder builder;
  builder.add_label_text(2, "request");
  builder.add_label_text(3, wire::kScopeKey);
  builder.add_label_text(4, "5");
  builder.add_label_text(5, "6");
  builder.add_label_text(6, "99999");
  for (uint32_t i = 4; i < 7; ++i) builder.add_label_set(i, {3 << 16 | i});
  auto& outer = builder.set_scope(5, wire::ScopeState::sought, 2);
  outer.opened_ticks = RecordingBuilder::ticks(RecordingBuilder::kStartNs + 10);
  outer.ended_ticks = RecordingBuilder::ticks(RecordingBuilder::kStartNs + 20);
  builder.set_scope(6, wire::ScopeState::open, 0).parent = 5;
  builder.set_scope(7, wire::ScopeState::claimed, 2);
  for (uint32_t i = 0; i < 3; ++i)
    builder.add_thread(i + 1, wire::ThreadState::running).created_labels = i + 4;
  const Trace trace = read_bytes(builder.bytes());
  CHECK(trace.warnings.empty());
  REQUIRE(trace.scopes.size() == 2);
  CHECK(trace.scopes[0].name == "request");
  CHECK(trace.scopes[0].ended);
  CHECK(trace.scopes[0].ended_ns - trace.scopes[0].opened_ns == 10);
  CHECK(trace.scopes[1].parent == 1);
  CHECK(!trace.scopes[1].ended);
  CHECK(labels_text(trace, trace.threads.at(0).labels) == "scope=request");
  CHECK(labels_text(trace, trace.threads.at(1).labels) == "scope=unnamed");
  CHECK(trace.label_scopes.at(trace.threads[0].labels) == 1);
  CHECK(trace.label_scopes.at(trace.threads[1].labels) == 2);
  // No such scope: it has gone meanwhile.
  CHECK(labels_text(trace, trace.threads.at(2).labels).empty());
  CHECK(trace.label_scopes.size() == 2);
}

TEST_CASE("a label outside its table is a warning, not a read") {
  RecordingBuilder builder;
  builder.add_label_set(7, {0xffff0000u | 3});
  builder.add_thread(1, wire::ThreadState::running).created_labels = 0xffffffff;
  builder.add_thread(2, wire::ThreadState::running).created_labels = 7;
  builder.add_thread(3, wire::ThreadState::running).created_labels = 9;
  const Trace trace = read_bytes(builder.bytes());
  CHECK(trace.threads.at(0).labels == 0);
  CHECK(labels_text(trace, trace.threads.at(1).labels) == "?=?");
  CHECK(trace.threads.at(2).labels == 0);
  CHECK(trace.warnings.size() == 1);
}

TEST_CASE("a recording cut at any 64 bytes is read as far as it goes, or refused in words") {
  const RecordingBuilder builder = busy_recording();
  const auto whole = builder.bytes();
  size_t readable = 0;
  for (size_t length = 0; length < whole.size(); length += 64) {
    try {
      const Trace trace = read_bytes(whole.subspan(0, length));
      CHECK_FALSE(trace.complete());
      ++readable;
    } catch (const Error& error) {
      CHECK(std::string(error.what()).find("test") == 0);
    }
  }
  CHECK(readable > 10);
}

TEST_CASE("a recording with any bytes changed never breaks the reader") {
  std::mt19937_64 random(1);
  size_t read = 0;
  for (int round = 0; round < 3000; ++round) {
    RecordingBuilder builder = busy_recording();
    const auto bytes = builder.bytes();
    const int flips = 1 + static_cast<int>(random() % 32);
    for (int i = 0; i < flips; ++i) {
      // Half of them in the header, where everything is decided.
      const size_t at = random() % (random() % 2 == 0 ? sizeof(wire::Header) : bytes.size());
      bytes[at] = static_cast<std::byte>(random());
    }
    try {
      const Trace trace = read_bytes(bytes);
      CHECK(trace.threads.size() <= RecordingBuilder::kThreads * 64);
      ++read;
    } catch (const Error&) {
      continue;
    }
  }
  CHECK(read > 100);
}

TEST_CASE("directory offsets near the end of the address space do not wrap") {
  RecordingBuilder builder = busy_recording();
  for (auto& section : builder.header().sections) section.offset = ~uint64_t{0} - 64;
  const Trace trace = read_bytes(builder.bytes());
  CHECK(trace.threads.empty());
  CHECK_FALSE(trace.complete());
}

TEST_CASE("a record whose last word is exec is of an image of which nothing is left") {
  RecordingBuilder builder = busy_recording();
  wire::Header& header = builder.header();
  header.execs = 1;
  std::memcpy(header.exec_program, "/bin/next\n", 11);
  CHECK_FALSE(read_bytes(builder.bytes()).superseded);  // it ended by itself all the same
  header.state = wire::ProcessState::running;
  header.end_reason = wire::EndReason::none;
  const Trace trace = read_bytes(builder.bytes());
  CHECK(trace.superseded);
  CHECK(trace.executed == "/bin/next?");
  CHECK_FALSE(read::read_recording(read::Bytes::memory(builder.bytes()), "live", true).superseded);
  header.execs = 0;  // it failed
  CHECK_FALSE(read_bytes(builder.bytes()).superseded);
}

TEST_CASE("recording names are read strictly") {
  CHECK(read::parse_recording_name("/x/rec.12.3").pid == 12);
  CHECK(read::parse_recording_name("/x/rec.12.3").number == 3);
  for (const char* name : {"/x/rec.12", "/x/rec..3", "/x/rec.12.", "/x/rec.12.3a", "/x/recs.1.2",
                           "/x/rec.-1.2", "/x/rec.99999999999.1"})
    CHECK(read::parse_recording_name(name).pid == 0);
}

TEST_CASE("fibers are read with their state; free slots are none") {
  test::RecordingBuilder builder;
  builder.add_thread(1, wire::ThreadState::running, wire::kThreadMain);
  builder.add_fiber(5, wire::FiberState::suspended).switches = 7;
  builder.add_fiber(6, wire::FiberState::free);
  builder.add_fiber(7, wire::FiberState::created);
  const Trace trace = read::read_recording(read::Bytes::memory(builder.bytes()), "built", false);
  REQUIRE(trace.fibers.size() == 2);
  CHECK(trace.fibers[0].id == 5);
  CHECK(trace.fibers[0].state == TaskState::suspended);
  CHECK(trace.fibers[0].switches == 7);
  CHECK(trace.fibers[0].context == 0x50fe00);
  CHECK(trace.fibers[0].creator == 1);
  CHECK(trace.fibers[1].state == TaskState::created);
  CHECK(trace.fibers[1].context == 0);
}

TEST_CASE("a lock belongs to the fiber that took it while another one runs on its thread") {
  test::RecordingBuilder builder;
  wire::ThreadSlot& thread = builder.add_thread(1, wire::ThreadState::running, wire::kThreadMain);
  builder.add_fiber(5, wire::FiberState::suspended);
  builder.add_fiber(6, wire::FiberState::running).thread = 1;
  builder.hold(thread, 0x5000);
  builder.hold(thread, 0x6000);
  builder.hold(thread, 0x7000);
  thread.held_fiber[0] = 1;
  thread.held_fiber[1] = 2;
  thread.held_fiber[2] = 4;  // has ended
  const Trace trace = read::read_recording(read::Bytes::memory(builder.bytes()), "built", false);
  REQUIRE(trace.threads[0].held.size() == 3);
  CHECK(trace.threads[0].held[0].fiber == 5);
  CHECK(trace.threads[0].held[1].fiber == 0);
  CHECK(trace.threads[0].held[2].fiber == 0);
}
