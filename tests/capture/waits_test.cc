#include "libtrack/capture/waits.h"

#include <doctest/doctest.h>
#include <setjmp.h>
#include <signal.h>

#include <thread>

#include "tests/support/open_recording.h"
#include "tests/support/recording_view.h"

using namespace track;
using capture::begin_wait;
using capture::end_wait;
using capture::OpenWait;
using capture::WaitRequest;
using test::in_child;
using test::WaitCopy;
using wire::WaitKind;

namespace {

const void* object(uint64_t n) {
  return reinterpret_cast<const void*>(n);
}
WaitCopy published() {
  WaitCopy copy;
  if (!test::read_wait(core::current_slot()->wait, copy)) copy.object = UINT64_MAX;
  return copy;
}
bool idle() {
  return published().kind == WaitKind::none;
}

// A blocking call as the interposers make it: body stands for the real function.
template <class Body>
__attribute__((noinline)) void blocking(WaitKind kind, uint64_t n, Body body) {
  TRACK_WAIT(open, WaitRequest{kind, 0, object(n)});
  body();
  end_wait(open);
  asm volatile("" ::: "memory");
}

}  // namespace

TEST_CASE("A wait is published with all it has, and gone after its end") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          TRACK_EXPECT(idle());
          WaitRequest request{WaitKind::condition, wire::kWaitTimed, object(0x1000), object(0x2000),
                              77};
          core::Registers registers;
          TRACK_GET_REGISTERS(registers);
          OpenWait open;
          begin_wait(open, request, registers);
          const WaitCopy wait = published();
          TRACK_EXPECT(wait.kind == WaitKind::condition && wait.flags == wire::kWaitTimed);
          TRACK_EXPECT(wait.object == 0x1000 && wait.mutex == 0x2000 && wait.owner_tid == 77);
          TRACK_EXPECT(wait.since_ticks != 0 && wait.stack_pointer == registers.sp);
          TRACK_EXPECT(view.stack(wait.stack).size() >= 3);
          end_wait(open);
          TRACK_EXPECT(idle());
          TRACK_EXPECT(core::current_slot()->waits.load() == 1);
          return 0;
        }) == 0);
}

TEST_CASE("A wait that took its time leaves an event with its length") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          blocking(WaitKind::semaphore, 0x3000, [] { usleep(2000); });
          int found = 0;
          for (const auto& event : view.events())
            found += event.kind == wire::EventKind::wait_ended && event.object == 0x3000 &&
                     event.sort == static_cast<uint8_t>(WaitKind::semaphore) && event.task == 1 &&
                     event.duration_ticks > 100000 && event.stack != 0;
          TRACK_EXPECT(found == 1);
          return 0;
        }) == 0);
}

TEST_CASE("A reader never sees half a wait") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          std::atomic<const wire::ThreadSlot*> slot{nullptr};
          std::atomic<bool> stop{false};
          std::thread writer([&] {
            slot = core::current_slot();
            core::Registers registers;
            TRACK_GET_REGISTERS(registers);
            for (uint64_t n = 1; !stop; ++n) {
              // Every field follows from n.
              WaitRequest request{static_cast<WaitKind>(1 + n % 20), static_cast<uint8_t>(n % 16),
                                  object(n * 2), object(n * 3), static_cast<int32_t>(n)};
              OpenWait open;
              begin_wait(open, request, registers);
              if (n % 3 == 0) end_wait(open);
            }
          });
          while (slot.load() == nullptr) std::this_thread::yield();
          uint64_t torn = 0, good = 0, unreadable = 0;
          while (good < (test::kSanitized ? 20000u : 300000u)) {
            WaitCopy wait;
            if (!test::read_wait(slot.load()->wait, wait)) {
              if (++unreadable > 1000) break;
              std::this_thread::yield();
              continue;
            }
            if (wait.kind == WaitKind::none) continue;
            const uint64_t n = wait.object / 2;
            torn += wait.mutex != n * 3 || wait.owner_tid != static_cast<int32_t>(n) ||
                    wait.flags != n % 16 || wait.kind != static_cast<WaitKind>(1 + n % 20);
            ++good;
          }
          stop = true;
          writer.join();
          TRACK_EXPECT(torn == 0);
          TRACK_EXPECT(good >= 20000);
          return 0;
        }) == 0);
}

namespace {
WaitCopy in_handler, after_nested;
void block_in_handler(int) {
  blocking(WaitKind::read, 0x5000, [] { in_handler = published(); });
  after_nested = published();
}
sigjmp_buf far_away;
void jump_in_handler(int) {
  siglongjmp(far_away, 1);
}
template <class Body>
__attribute__((noinline)) void deeper(int levels, Body body) {
  volatile char room[512];
  room[0] = 0;
  if (levels == 0)
    body();
  else
    deeper(levels - 1, body);
  room[1] = room[0];
}
void on_signal(void (*handler)(int), int flags = 0) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_NODEFER | flags;
  sigaction(SIGUSR1, &action, nullptr);
}
}  // namespace

TEST_CASE("A wait in a signal handler hides the interrupted one and puts it back") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          on_signal(block_in_handler);
          bool back = false;
          blocking(WaitKind::mutex, 0x4000, [&] {
            raise(SIGUSR1);
            back = published().object == 0x4000 && published().kind == WaitKind::mutex;
          });
          TRACK_EXPECT(in_handler.kind == WaitKind::read && in_handler.object == 0x5000);
          TRACK_EXPECT(after_nested.kind == WaitKind::mutex && after_nested.object == 0x4000);
          TRACK_EXPECT(back && idle());
          return 0;
        }) == 0);
}

TEST_CASE("So does one in a handler on an alternate stack, wherever that lies") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          int result = 0;
          // The thread's stack lies below main's, so main's frame serves as a higher one.
          alignas(64) static char low[65536];
          char high[65536];
          for (char* place : {low, high}) {
            std::thread([&] {
              stack_t alternate{};
              alternate.ss_sp = place;
              alternate.ss_size = sizeof high;
              stack_t before{};
              sigaltstack(&alternate, &before);
              on_signal(block_in_handler, SA_ONSTACK);
              bool back = false;
              blocking(WaitKind::mutex, 0x4000, [&] {
                raise(SIGUSR1);
                back = published().object == 0x4000;
              });
              sigaltstack(&before, nullptr);
              if (in_handler.object != 0x5000 || after_nested.object != 0x4000 || !back || !idle())
                result = __LINE__ * 10 + (place == high);
            }).join();
          }
          return result;
        }) == 0);
}

TEST_CASE("A wait that was jumped out of is replaced by the next one and stays away after it") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          on_signal(jump_in_handler);
          for (int depth : {0, 20}) {
            if (sigsetjmp(far_away, 1) == 0) {
              deeper(3, [] { blocking(WaitKind::mutex, 0x4000, [] { raise(SIGUSR1); }); });
            }
            TRACK_EXPECT(published().object == 0x4000);  // stale: nobody could tell us
            WaitCopy seen;
            deeper(depth, [&] { blocking(WaitKind::read, 0x6000, [&] { seen = published(); }); });
            TRACK_EXPECT(seen.object == 0x6000 && seen.kind == WaitKind::read);
            TRACK_EXPECT(idle());
          }
          return 0;
        }) == 0);
}

TEST_CASE("errno is the call's own") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          errno = 1234;
          blocking(WaitKind::read, 1, [] {});
          TRACK_EXPECT(errno == 1234);
          blocking(WaitKind::read, 1, [] { errno = EINTR; });
          TRACK_EXPECT(errno == EINTR);
          return 0;
        }) == 0);
}

TEST_CASE("With option waits=0 nothing is published") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording("waits=0"));
          bool quiet = false;
          blocking(WaitKind::read, 1, [&] { quiet = idle(); });
          TRACK_EXPECT(quiet && core::current_slot()->waits.load() == 0);
          return 0;
        }) == 0);
}
