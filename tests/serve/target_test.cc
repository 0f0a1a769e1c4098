#include "cli/serve/target.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/serve/stream.h"
#include "cli/verbs/name_cache.h"

namespace track::serve {
namespace {

// Sleeps in read; answers every byte with one.
class Sleeper {
 public:
  Sleeper() {
    REQUIRE(pipe(to_) == 0);
    REQUIRE(pipe(from_) == 0);
    pid_ = fork();
    if (pid_ == 0) {
      close(to_[1]);
      char byte = 0;
      while (::read(to_[0], &byte, 1) == 1)
        if (::write(from_[1], &byte, 1) != 1) break;
      _exit(0);
    }
    wake();
  }
  ~Sleeper() {
    close(to_[1]);
    waitpid(pid_, nullptr, 0);
    for (const int descriptor : {to_[0], from_[0], from_[1]}) close(descriptor);
  }
  void wake() {
    char byte = 'x';
    REQUIRE(::write(to_[1], &byte, 1) == 1);
    REQUIRE(::read(from_[0], &byte, 1) == 1);
  }
  pid_t pid() const { return pid_; }

 private:
  int to_[2]{}, from_[2]{};
  pid_t pid_ = 0;
};

Target target_of(pid_t pid) {
  return {{std::to_string(pid), std::to_string(pid), "sleeper", pid, true, ""}, {}, {}};
}

TEST_CASE("of who ended it is said where its recording is, if it left one") {
  TargetName name{"1", "1", "gone", 0x7ffffff0, true, "/proc/self/maps"};
  CHECK_FALSE(runs(name));
  CHECK(how_it_ended(name) == "it ended; what it recorded: track serve /proc/self/maps");
  name.recording = "/proc/self/no-such-file";
  CHECK(how_it_ended(name) == "it ended, and left no recording");
  name.pid = getpid();
  CHECK(runs(name));
  name.live = false;
  CHECK_FALSE(runs(name));
}

TEST_CASE("a program that names no coroutines is not searched for them at every look") {
  const Sleeper sleeper;
  Trace trace;
  trace.modules.push_back({});
  trace.modules.back().end = 1;
  verbs::NameCache cache;
  const auto names = cache.of(trace, {}, sleeper.pid());
  CHECK(!cache.searched_lately());
  cache.searched(true);
  CHECK(!cache.searched_lately());
  cache.searched(false);
  CHECK(cache.searched_lately());
  CHECK(cache.of(trace, {}, sleeper.pid()) == names);
  CHECK(cache.searched_lately());
  trace.modules.back().end = 2;  // other code: what was found before says nothing
  CHECK(cache.of(trace, {}, sleeper.pid()) != names);
  CHECK(!cache.searched_lately());
}

TEST_CASE("the share of a processor: the first time does not count, and large ones rest less") {
  using std::chrono::milliseconds;
  Share share;
  CHECK(share.rest(milliseconds(300)) == milliseconds(0));
  CHECK(share.rest(milliseconds(3)) == milliseconds(600));
  CHECK(share.rest(milliseconds(300)) == milliseconds(600));
  CHECK(share.rest(milliseconds(300)) == milliseconds(15000));
  CHECK(share.rest(milliseconds(20)) == milliseconds(2000));
}

TEST_CASE("a look that nobody asks for is forgotten, and taken again for who asks") {
  const Sleeper sleeper;
  Target target = target_of(sleeper.pid());
  const auto first = target.look(Needs::tasks);
  REQUIRE(first->processes.size() == 1);
  CHECK(target.keeps(Needs::tasks));
  CHECK(target.look(Needs::tasks, std::chrono::hours(1)) == first);
  target.forget_unused();
  CHECK(target.keeps(Needs::tasks));
  target.forget_unused(Clock::now() + std::chrono::hours(1));
  CHECK(!target.keeps(Needs::tasks));
  CHECK(target.last_cost(Needs::tasks).count() > 0);
  CHECK(target.look(Needs::tasks, std::chrono::hours(1)) != first);
  CHECK(target.looks_taken(Needs::tasks) == 2);
}

TEST_CASE("a process that does not run is known not to have changed") {
  Sleeper sleeper;
  LastRun run;
  const auto hour = std::chrono::hours(1);
  CHECK(run.moved(sleeper.pid(), hour));
  // Until it sleeps.
  while (run.moved(sleeper.pid(), hour)) {
  }
  CHECK(run.moved(sleeper.pid(), Clock::duration::zero()));
  CHECK(!run.moved(sleeper.pid(), hour));
  sleeper.wake();
  CHECK(run.moved(sleeper.pid(), hour));
  CHECK(run.moved(0, hour));
  CHECK(run.moved(0, hour));
}

}  // namespace
}  // namespace track::serve
