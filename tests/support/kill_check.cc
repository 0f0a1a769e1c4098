// kill_check.cc RECORDING ORACLE: is everything in the recording of a killed program that it surely
// had (kill_oracle.h), and nothing half-written? Prints what was compared, or what is wrong.
#include <cstdio>
#include <exception>

#include "tests/support/kill_oracle.h"
#include "tests/support/recording_view.h"

namespace {

using namespace track;
using test::KillOracle;

int wrong;
void check(bool holds, const char* what, uint64_t detail) {
  if (holds) return;
  ++wrong;
  std::printf("wrong: %s (%#lx)\n", what, detail);
}

int threads, held, waits, parked, events, unreadable;

const wire::ThreadSlot* running(const test::RecordingView& view, int32_t tid, const char* what) {
  const auto* slot = view.thread_of_tid(tid);
  check(slot != nullptr && slot->state.load() == wire::ThreadState::running, what,
        static_cast<uint64_t>(tid));
  ++threads;
  return slot;
}
bool holds(const wire::ThreadSlot& slot, uint64_t mutex) {
  for (uint32_t i = 0; i < slot.held_count.load() && i < wire::kHeldCapacity; ++i)
    if (slot.held[i].load() == (mutex | wire::kHeldMutex)) return true;
  return false;
}

void compare(const test::RecordingView& view, const KillOracle& oracle) {
  const auto blocks = view.blocks(false);
  for (const auto& worker : oracle.workers) {
    if (worker.tid == 0) continue;
    const auto* slot = running(view, worker.tid, "a worker is missing");
    if (slot == nullptr) continue;
    if (const uint64_t mutex = worker.holds; mutex != 0) {
      check(holds(*slot, mutex), "a held lock is missing", mutex);
      ++held;
    }
    for (const auto& frame : worker.parked) {
      if (frame == 0) continue;
      check(blocks.count(frame) == 1, "a suspended coroutine is missing", frame);
      ++parked;
    }
  }
  for (const auto& tid : oracle.short_lived)
    if (tid != 0) running(view, tid, "a short-lived thread is missing");
  for (const auto& blocked : oracle.blocked) {
    if (blocked.mutex == 0) continue;
    const auto* slot = running(view, blocked.tid, "a blocked thread is missing");
    if (slot == nullptr) continue;
    test::WaitCopy wait;
    check(test::read_wait(slot->wait, wait) && wait.kind == wire::WaitKind::mutex &&
              wait.object == blocked.mutex && wait.owner_tid == view.header().pid &&
              !view.stack(wait.stack).empty(),
          "a wait is missing or torn", blocked.mutex);
    ++waits;
  }
}

// Whatever a wait says must fit together: the program waits for its mutexes, sleeps and joins.
void look_at_waits(const test::RecordingView& view, const KillOracle& oracle) {
  for (const auto* slot : view.threads()) {
    test::WaitCopy wait;
    if (!test::read_wait(slot->wait, wait)) {
      ++unreadable;  // killed while writing it, and it says so
      continue;
    }
    const bool mutex = wait.object >= oracle.mutexes && wait.object < oracle.mutexes_end;
    switch (wait.kind) {
      case wire::WaitKind::none:
        break;
      case wire::WaitKind::mutex:
        check(mutex && wait.flags == 0, "torn wait", wait.object);
        break;
      case wire::WaitKind::sleep:
        check(wait.object == 0 && wait.flags == wire::kWaitTimed, "torn wait", wait.object);
        break;
      case wire::WaitKind::join:
      case wire::WaitKind::write:
        check(!mutex && wait.flags == 0, "torn wait", wait.object);
        break;
      default:
        check(false, "a wait of a kind that the program has none of", wait.object);
    }
  }
}

void look_at_rings(const test::RecordingView& view) {
  const uint32_t tasks = view.header().next_task.load();
  for (const auto& event : view.events()) {
    ++events;
    check(event.ticks >= view.header().start_ticks, "a record without a time", event.ticks);
    check(event.kind > wire::EventKind::none && event.kind <= wire::EventKind::lock_lost,
          "a record without a kind", static_cast<uint64_t>(event.kind));
    check(event.task < tasks, "a record of nobody", event.task);
  }
}

}  // namespace

int main(int, char** argv) {
  try {
    const test::RecordingView view(argv[1]);
    const int fd = open(argv[2], O_RDONLY);
    const void* page = mmap(nullptr, sizeof(KillOracle), PROT_READ, MAP_SHARED, fd, 0);
    if (fd < 0 || page == MAP_FAILED) throw std::runtime_error("no oracle");
    const auto& oracle = *static_cast<const KillOracle*>(page);
    compare(view, oracle);
    look_at_waits(view, oracle);
    look_at_rings(view);
    const auto& lost = view.header().lost;
    check(lost.tasks == 0 && lost.coroutines == 0 && lost.memory == 0, "something was lost", 0);
    std::printf("threads %d held %d waits %d parked %d events %d unreadable %d rounds %lu\n",
                threads, held, waits, parked, events, unreadable, oracle.rounds.load());
  } catch (const std::exception& error) {
    std::printf("wrong: %s\n", error.what());
    return 1;
  }
  return wrong != 0;
}
