#include "libtrack/core/replay.h"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <link.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <ucontext.h>

#include <cstring>
#include <memory>
#include <set>
#include <type_traits>
#include <vector>

#include "tests/support/unwind_oracle.h"

namespace {

using namespace track::core;
using track::test::own_stack_high;
using track::test::StackCheck;

static_assert(std::is_trivially_destructible_v<Replay> && std::is_trivial_v<Replay>);
static_assert(sizeof(Replay) <= 16 << 10);

[[gnu::noinline]] Captured capture_here(Replay& replay, unsigned skip) {
  Registers regs;
  TRACK_GET_REGISTERS(regs);
  return capture(replay, regs, own_stack_high(), skip);
}

volatile int g_three = 3;  // not a constant: an unrolled loop has many call sites

// Calls back at the given depth.
template <class Callee>
[[gnu::noinline]] void descend(int depth, const Callee& callee) {
  if (depth > 0) {
    descend(depth - 1, callee);
  } else {
    callee();
  }
  asm volatile("");
}

TEST_CASE("the same stack captured again is unchanged and has the same hash") {
  auto replay = std::make_unique<Replay>();
  std::vector<uint64_t> hashes;
  std::vector<uint32_t> changed;
  descend(10, [&] {
    for (int i = g_three; i > 0; --i) {
      const Captured c = capture_here(*replay, 1);
      hashes.push_back(c.hash);
      changed.push_back(c.changed);
      CHECK(c.depth > 10);
      CHECK_FALSE(c.truncated);
      CHECK(c.hash == hash_frames(c.frames_outermost_first, c.depth, stack_salt()));
    }
  });
  CHECK(std::set<uint64_t>(hashes.begin(), hashes.end()).size() == 1);
  CHECK(changed[0] > 10);
  CHECK(changed[1] == 0);
  CHECK(changed[2] == 0);
}

TEST_CASE("skipped frames are neither shown nor hashed") {
  auto replay = std::make_unique<Replay>();
  descend(5, [&] {
    const Captured whole = capture_here(*replay, 0);
    const std::vector<uint64_t> frames(whole.frames_outermost_first,
                                       whole.frames_outermost_first + whole.depth);
    const Captured outer = capture_here(*replay, 1);
    REQUIRE(outer.depth + 1 == frames.size());
    CHECK(std::vector<uint64_t>(outer.frames_outermost_first,
                                outer.frames_outermost_first + outer.depth) ==
          std::vector<uint64_t>(frames.begin(), frames.end() - 1));
    CHECK(outer.hash == hash_frames(frames.data(), outer.depth, stack_salt()));
    const Captured none = capture_here(*replay, 1000);
    CHECK(none.depth == 0);
    CHECK(none.changed == 0);
    CHECK(none.hash == hash_frames(nullptr, 0, stack_salt()));
  });
}

TEST_CASE("what is called unchanged adds up to the whole stack") {
  auto replay = std::make_unique<Replay>();
  std::vector<uint64_t> rebuilt;
  unsigned captures = 0, reused = 0;
  for (int round = 0; round < 50; ++round) {
    descend(round * 7 % 13, [&] {
      const Captured c = capture_here(*replay, 1);
      REQUIRE(c.changed <= c.depth);
      REQUIRE(c.depth - c.changed <= rebuilt.size());
      rebuilt.resize(c.depth - c.changed);
      rebuilt.insert(rebuilt.end(), c.frames_outermost_first + rebuilt.size(),
                     c.frames_outermost_first + c.depth);
      ++captures;
      reused += c.depth != c.changed;
      CHECK(c.hash == hash_frames(rebuilt.data(), c.depth, stack_salt()));
    });
  }
  CHECK(captures == 50);
  CHECK(reused > 40);
}

TEST_CASE("the order, the addresses and the generation of frames all change the hash") {
  const uint64_t frames[] = {0x1000, 0x2000, 0x3000}, other[] = {0x2000, 0x1000, 0x3000};
  CHECK(hash_frames(frames, 3, 1) != hash_frames(other, 3, 1));
  CHECK(hash_frames(frames, 3, 1) != hash_frames(frames, 2, 1));
  CHECK(hash_frames(frames, 3, 1) != hash_frames(frames, 3, 2));
  CHECK(hash_frames(nullptr, 0, 1) != 0);
}

TEST_CASE("after a stack too deep to remember the next one is exact again") {
  auto replay = std::make_unique<Replay>();
  StackCheck check{};
  check.replay = replay.get();
  check.stack_high = own_stack_high();
  for (const int depth : {3, 400, 5, 250, 240, 400, 251, 245, 3}) {
    descend(depth, [&] { check.here(); });
  }
  CHECK(check.problem == "");
}

TEST_CASE("a handler that interrupts the thread captures through its signal frame") {
  static Replay replay;
  static StackCheck check;
  check.replay = &replay;
  check.stack_high = own_stack_high();
  signal(SIGUSR1, [](int) { check.here(); });
  descend(3, [] {
    check.here();
    raise(SIGUSR1);
    check.here();
  });
  signal(SIGUSR1, SIG_DFL);
  CHECK(check.checks == 3);
  CHECK(check.problem == "");
}

// A fiber that checks, yields, and ends when told to. Its stack is unmapped with it.
class Fiber {
 public:
  explicit Fiber(StackCheck* check) : check_(check) {
    stack_ = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    getcontext(&context_);
    context_.uc_stack.ss_sp = stack_;
    context_.uc_stack.ss_size = kSize;
    context_.uc_link = &back_;
    g_started = this;
    makecontext(&context_, begin, 0);
  }
  Fiber(const Fiber&) = delete;
  ~Fiber() {
    resume(-1);
    munmap(stack_, kSize);
  }

  // Goes on at `depth` frames; -1: ends.
  void resume(int depth) {
    depth_ = depth;
    g_started = this;
    const uint64_t high = check_->stack_high;
    if (high != 0) check_->stack_high = reinterpret_cast<uint64_t>(stack_) + kSize;
    swapcontext(&back_, &context_);
    check_->stack_high = high;
  }

 private:
  static constexpr size_t kSize = 128 << 10;
  static inline Fiber* g_started;

  static void begin() {
    Fiber* const self = g_started;
    while (self->depth_ >= 0) {
      descend(self->depth_, [self] {
        self->check_->here();
        swapcontext(&self->context_, &self->back_);
      });
    }
  }

  StackCheck* check_;
  void* stack_;
  ucontext_t context_, back_;
  int depth_ = 0;
};

TEST_CASE("a thread that moves between fibers, some of them gone, stays exact") {
  for (const uint64_t high : {own_stack_high(), uint64_t{0}}) {
    auto replay = std::make_unique<Replay>();
    StackCheck check{};
    check.replay = replay.get();
    check.stack_high = high;
    Fiber kept(&check);
    for (int round = 0; round < 30; ++round) {
      kept.resume(round % 5);
      check.here();
      Fiber brief(&check);
      brief.resume(round % 7);
      kept.resume(round % 3);
      brief.resume(2);
    }
    CHECK(check.problem == "");
    CHECK_FALSE(check.truncated);
  }
}

// As the modules do: tells one plugin from the other before the first rule of it is read.
void meet(uint64_t address) {
  static uint64_t last_file = 0;
  dl_find_object found;
  if (_dl_find_object(reinterpret_cast<void*>(address), &found) != 0) return;
  if (std::strstr(found.dlfo_link_map->l_name, "unwind_plugin") == nullptr) return;
  struct stat file {};
  if (stat(found.dlfo_link_map->l_name, &file) != 0 || file.st_ino == last_file) return;
  last_file = file.st_ino;
  g_stack_salt.fetch_add(1);
}

TEST_CASE("a plugin replaced by another at the same address is walked by its own rules") {
  code_met.store(&meet);
  auto replay = std::make_unique<Replay>();
  StackCheck check{};
  check.replay = replay.get();
  check.stack_high = own_stack_high();
  std::set<void*> addresses;
  std::set<uint64_t> hashes;
  constexpr int kRounds = 20;
  for (int round = 0; round < kRounds; ++round) {
    void* const plugin = dlopen(round % 2 ? TRACK_PLUGIN_64 : TRACK_PLUGIN_4096, RTLD_NOW);
    REQUIRE(plugin != nullptr);
    using Call = void (*)(void (*)(void*), void*);
    const Call call = reinterpret_cast<Call>(dlsym(plugin, "unwind_plugin_call"));
    REQUIRE((call != nullptr));
    addresses.insert(reinterpret_cast<void*>(call));
    call([](void* c) { static_cast<StackCheck*>(c)->here(); }, &check);
    CHECK_FALSE(check.truncated);
    hashes.insert(check.hash);
    dlclose(plugin);
    unwind_modules_changed();
  }
  CHECK(check.problem == "");
  CHECK(hashes.size() == kRounds);  // never the other's, nor one of before it
  CHECK_MESSAGE(addresses.size() < kRounds, "no address was used twice: nothing was tested");
  code_met.store(nullptr);
}

TEST_CASE("a plugin that comes again has the stacks that it had") {
  auto replay = std::make_unique<Replay>();
  StackCheck check{};
  check.replay = replay.get();
  check.stack_high = own_stack_high();
  std::set<std::pair<void*, uint64_t>> hashes;
  std::set<void*> addresses;
  for (int round = 0; round < 20; ++round) {
    void* const plugin = dlopen(TRACK_PLUGIN_64, RTLD_NOW);
    REQUIRE(plugin != nullptr);
    using Call = void (*)(void (*)(void*), void*);
    const Call call = reinterpret_cast<Call>(dlsym(plugin, "unwind_plugin_call"));
    REQUIRE((call != nullptr));
    call([](void* c) { static_cast<StackCheck*>(c)->here(); }, &check);
    addresses.insert(reinterpret_cast<void*>(call));
    hashes.insert({reinterpret_cast<void*>(call), check.hash});
    dlclose(plugin);
    unwind_modules_changed();
  }
  CHECK(check.problem == "");
  CHECK(hashes.size() == addresses.size());
}

TEST_CASE("what is remembered of a stack is hashed anew when other code was met meanwhile") {
  auto replay = std::make_unique<Replay>();
  StackCheck check{};
  check.replay = replay.get();
  check.stack_high = own_stack_high();
  std::set<uint64_t> hashes;
  for (int round = 0; round < 10; ++round) {
    check.here();
    hashes.insert(check.hash);
    g_stack_salt.fetch_add(1);
  }
  CHECK(check.problem == "");
  CHECK(hashes.size() == 10);
}

}  // namespace
