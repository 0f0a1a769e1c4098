// Whole processes under the built libtrack.so: where the recording lies, what becomes of it, and
// what happens where there is no room for one.
#include "libtrack/core/recording.h"

#include <doctest/doctest.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>

#include "libtrack/core/options.h"
#include "libtrack/core/recording_file.h"
#include "tests/support/children.h"
#include "tests/support/recording_view.h"

using namespace track;
using test::Child;
using test::RecordingView;
using test::TemporaryDirectory;

namespace {

struct Said {
  std::string word;
  int pid = 0;
  std::string path;
};
Said hear(Child& child) {
  Said said;
  std::istringstream(child.line()) >> said.word >> said.pid >> said.path;
  return said;
}
std::vector<std::string> settings(const std::string& dir, const std::string& more = "keep=1") {
  return {"LD_PRELOAD=" TRACK_LIBRARY, "TRACK_OPTIONS=dir=" + dir + ":" + more};
}
std::vector<std::string> target(const std::string& mode, const std::string& argument = "") {
  std::vector<std::string> command{TRACK_TARGET, mode};
  if (!argument.empty()) command.push_back(argument);
  return command;
}
std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
void limit(int resource, rlim_t value) {
  const rlimit both{value, value};
  setrlimit(static_cast<__rlimit_resource>(resource), &both);
}

// A file system of its own, soon full.
class SmallFileSystem {
 public:
  explicit SmallFileSystem(const char* size) {
    const std::string options = std::string("mode=0700,size=") + size;
    mounted_ = mount("none", directory_.path().c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  ~SmallFileSystem() {
    if (mounted_) umount2(directory_.path().c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  const std::string& path() const { return directory_.path(); }
  std::vector<std::string> files() const { return directory_.files(); }

 private:
  TemporaryDirectory directory_;
  bool mounted_;
};
bool cannot_mount() {
  return !SmallFileSystem("64k").mounted();
}

}  // namespace

TEST_CASE("A live process is readable from outside: tasks, waits, held locks, modules") {
  TemporaryDirectory dir;
  Child child(target("hold"), settings(dir.path(), ""));
  const Said said = hear(child);
  REQUIRE(said.word == "ready");
  REQUIRE(dir.files() == std::vector{said.path});
  CHECK(said.path == dir.path() + "/rec." + std::to_string(child.pid()) + ".0");
  struct stat st {};
  REQUIRE(stat(said.path.c_str(), &st) == 0);
  CHECK((st.st_mode & 07777) == 0600);
  CHECK(static_cast<uint64_t>(st.st_blocks) * 512 < 2 << 20);  // sparse
  const RecordingView view(said.path);
  CHECK(view.header().pid == child.pid());
  CHECK(view.header().parent_pid == getpid());
  CHECK(view.header().uid == geteuid());
  CHECK(std::string(view.header().program) == TRACK_TARGET);
  CHECK(std::string(view.header().options) == "dir=" + dir.path() + ":");
  CHECK(view.header().state.load() == wire::ProcessState::running);
  CHECK(view.header().track_base != 0);
  auto waiting = [&] {
    int n = 0;
    for (const auto* slot : view.threads()) {
      test::WaitCopy wait;
      n += test::read_wait(slot->wait, wait) && wait.kind == wire::WaitKind::mutex &&
           wait.owner_tid == child.pid();
    }
    return n;
  };
  while (waiting() != 2) sched_yield();
  CHECK(view.threads().size() == 3);
  const wire::ThreadSlot* main = view.thread_of_tid(child.pid());
  REQUIRE(main != nullptr);
  CHECK(main->held_count.load() == 1);
  CHECK(view.blocks(true).size() == 50);
  child.close_input();
  CHECK(child.wait_end() == 0);
  CHECK(dir.files().empty());
}

TEST_CASE("With keep the file stays and says how the process ended") {
  const struct {
    const char *mode, *argument;
    int code;
    wire::EndReason reason;
    wire::ProcessState state;
  } ends[] = {
      {"return", "3", 3, wire::EndReason::main_returned, wire::ProcessState::ended},
      {"exit", "4", 4, wire::EndReason::exit_called, wire::ProcessState::ended},
      {"_exit", "5", 5, wire::EndReason::underscore_exit, wire::ProcessState::ended},
      {"quick_exit", "6", 6, wire::EndReason::quick_exit, wire::ProcessState::ended},
      {"signal", "9", -9, wire::EndReason::none, wire::ProcessState::running},
      {"signal", "11", -11, wire::EndReason::none, wire::ProcessState::running},
  };
  for (const auto& end : ends) {
    CAPTURE(end.mode);
    TemporaryDirectory dir;
    Child child(target(end.mode, end.argument), settings(dir.path()));
    CHECK(child.wait_end() == end.code);
    REQUIRE(dir.files().size() == 1);
    const RecordingView view(dir.files()[0]);
    CHECK(view.header().end_reason.load() == end.reason);
    CHECK(view.header().state.load() == end.state);
    CHECK((end.code < 0 || view.header().exit_code.load() == end.code));
    CHECK((end.code < 0 || view.count_events(wire::EventKind::process_exiting) == 1));
  }
}

TEST_CASE("A file size limit is no signal to the target: it runs without a file") {
  for (rlim_t bytes : {rlim_t{0}, rlim_t{4096}, rlim_t{1} << 20}) {
    TemporaryDirectory dir;
    Child child(target("busy"), settings(dir.path()), [&] { limit(RLIMIT_FSIZE, bytes); });
    const Said said = hear(child);
    CHECK(said.word == "busy");
    CHECK(said.path == "");
    CHECK(dir.files().empty());
    child.close_input();
    CHECK(child.wait_end() == 0);
  }
}

TEST_CASE("Under a file size limit that has some room the recording is smaller") {
  TemporaryDirectory dir;
  Child child(target("busy"), settings(dir.path()), [] { limit(RLIMIT_FSIZE, 64 << 20); });
  CHECK(hear(child).word == "busy");
  child.close_input();
  CHECK(child.wait_end() == 0);
  REQUIRE(dir.files().size() == 1);
  const RecordingView view(dir.files()[0]);
  CHECK(view.header().file_bytes < 64 << 20);
  CHECK(view.blocks(true).size() > 9000);
}

TEST_CASE("An address space limit leaves the target most of it") {
  for (uint64_t mib : {1024, 256, 128, 64}) {
    CAPTURE(mib);
    TemporaryDirectory dir;
    Child child(target("map", std::to_string(mib / 2)), settings(dir.path()),
                [&] { limit(RLIMIT_AS, mib << 20); });
    CHECK(hear(child).word == "mapped");
    CHECK(child.wait_end() == 0);
    CHECK(dir.files().size() == 1);
  }
}

TEST_CASE("Sizes beyond all reason are cut, not multiplied out of range") {
  TemporaryDirectory dir;
  Child child(target("busy"), settings(dir.path(),
                                       "keep=1:threads_max=18446744073709551615:coroutines_max="
                                       "99999999999999999999:stacks_mb=17592186044416"));
  CHECK(hear(child).word == "busy");
  child.close_input();
  CHECK(child.wait_end() == 0);
}

TEST_CASE("Directories that are not safe are refused; the target runs on without a file") {
  TemporaryDirectory dir;
  std::filesystem::create_directory(dir.path() + "/open");
  chmod((dir.path() + "/open").c_str(), 0755);
  std::filesystem::create_directory(dir.path() + "/real");
  chmod((dir.path() + "/real").c_str(), 0700);
  std::filesystem::create_symlink("real", dir.path() + "/link");
  std::ofstream(dir.path() + "/file") << "x";
  std::filesystem::create_directory(dir.path() + "/group");
  chmod((dir.path() + "/group").c_str(), 0770);
  for (const char* name :
       {"/open", "/group", "/link", "/file", "/missing/below", "/real/../link"}) {
    CAPTURE(name);
    Child child(target("busy"), settings(dir.path() + name));
    const Said said = hear(child);
    CHECK(said.word == "busy");
    CHECK(said.path == "");
    child.close_input();
    CHECK(child.wait_end() == 0);
  }
  CHECK(std::filesystem::is_empty(dir.path() + "/real"));
  CHECK(std::filesystem::is_empty(dir.path() + "/open"));
  CHECK(std::filesystem::is_empty(dir.path() + "/group"));
  Child child(target("return", "0"), settings(dir.path() + "/new"));
  CHECK(child.wait_end() == 0);
  struct stat st {};
  REQUIRE(stat((dir.path() + "/new").c_str(), &st) == 0);
  CHECK((st.st_mode & 07777) == 0700);
}

TEST_CASE("What lies where a recording would is neither written to nor waited for") {
  for (const std::string plant : {"ln -s", "ln", "mkfifo", "mkdir"})
    for (const std::string more : {"keep=1", "keep=0"}) {
      CAPTURE(plant);
      CAPTURE(more);
      TemporaryDirectory dir, other;
      std::ofstream(other.path() + "/victim") << "precious";
      const bool link = plant.starts_with("ln");
      // The shell's number is the target's: it is replaced by it, and is not tracked itself.
      const std::string script =
          plant + (link ? " " + other.path() + "/victim " : " ") + dir.path() +
          "/rec.$$.0; exec env LD_PRELOAD=" TRACK_LIBRARY " TRACK_OPTIONS=dir=" + dir.path() + ":" +
          more + " " TRACK_TARGET " busy";
      Child child({"/bin/sh", "-c", script}, {});
      const Said said = hear(child);
      CHECK(said.word == "busy");
      CHECK(said.path == dir.path() + "/rec." + std::to_string(said.pid) + ".1");
      struct stat st {};
      REQUIRE(lstat(said.path.c_str(), &st) == 0);
      CHECK(S_ISREG(st.st_mode));
      CHECK((st.st_mode & 07777) == 0600);
      CHECK(bytes_of(other.path() + "/victim") == "precious");
      child.close_input();
      CHECK(child.wait_end() == 0);
      CHECK(bytes_of(other.path() + "/victim") == "precious");
    }
}

TEST_CASE("A directory of another user is refused" * doctest::skip(geteuid() != 0)) {
  TemporaryDirectory dir;
  REQUIRE(chown(dir.path().c_str(), 12345, 12345) == 0);
  Child child(target("busy"), settings(dir.path()));
  CHECK(hear(child).path == "");
  child.close_input();
  CHECK(child.wait_end() == 0);
  CHECK(dir.files().empty());
}

TEST_CASE("A full file system is loss, never SIGBUS" * doctest::skip(cannot_mount())) {
  for (const char* size : {"4k", "12k", "64k", "256k"}) {
    CAPTURE(size);
    SmallFileSystem files(size);
    Child child(target("busy"), settings(files.path()));
    CHECK(hear(child).word == "busy");
    child.close_input();
    CHECK(child.wait_end() == 0);
    if (files.files().empty()) {
      CHECK(std::string(size) == "4k");  // not even the header
      continue;
    }
    const RecordingView view(files.files()[0]);
    CHECK(view.header().lost.memory.load() > 0);
    CHECK(view.header().state.load() == wire::ProcessState::ended);
  }
}

TEST_CASE("A fork child has a recording of its own and leaves its parent's bytes alone") {
  TemporaryDirectory dir;
  Child child(target("fork"), settings(dir.path()));
  const Said parent = hear(child);
  REQUIRE(parent.word == "parent");
  REQUIRE(child.line() == "forked");
  const std::string before = bytes_of(parent.path);
  child.tell("x");
  const Said forked = hear(child);
  REQUIRE(forked.word == "child");
  CHECK(bytes_of(parent.path) == before);
  child.tell("x");
  CHECK(child.wait_end() == 0);
  REQUIRE(dir.files().size() == 2);
  const RecordingView of_parent(parent.path), of_child(forked.path);
  CHECK(of_parent.header().pid == parent.pid);
  CHECK(of_parent.header().counters.forks.load() == 1);
  CHECK(of_parent.blocks(true).size() == 10);
  CHECK(of_parent.threads().size() == 1);
  CHECK(of_parent.threads()[0]->held_count.load() == 1);
  CHECK(of_child.header().pid == forked.pid);
  CHECK(of_child.header().parent_pid == parent.pid);
  CHECK(of_child.header().fork_parent_task == 1);
  // Its own: the ten it inherited, and frees two of, are its parent's to tell about.
  CHECK(of_child.blocks(true).size() == 20);
  CHECK(of_child.header().counters.coroutines_destroyed_by_gone.load() == 0);
  CHECK(of_child.threads()[0]->coroutines_destroyed.load() == 0);
  CHECK(of_child.threads().size() == 1);
  CHECK(of_child.threads()[0]->tid.load() == forked.pid);
  CHECK(of_child.threads()[0]->held_count.load() == 0);
  CHECK(of_child.header().end_reason.load() == wire::EndReason::exit_called);
}

TEST_CASE("A fork child without room for its recording leaves its parent's alone") {
  TemporaryDirectory dir;
  // Room for the parent's recording, not for a second one beside it.
  Child child(target("fork"), settings(dir.path(), "keep=1:stacks_mb=8:coroutines_max=2000000"),
              [] { limit(RLIMIT_AS, 230 << 20); });
  const Said parent = hear(child);
  REQUIRE(parent.word == "parent");
  REQUIRE(child.line() == "forked");
  const std::string before = bytes_of(parent.path);
  child.tell("x");
  const Said forked = hear(child);
  REQUIRE(forked.word == "child");
  CHECK(bytes_of(parent.path) == before);
  child.tell("x");
  CHECK(child.wait_end() == 0);
}

TEST_CASE("A successor by exec replaces its predecessor's recording") {
  TemporaryDirectory dir;
  Child child(target("exec"), settings(dir.path(), ""));
  CHECK(hear(child).word == "ready");
  child.close_input();
  const Said first = hear(child);
  CHECK(first.word == "first");
  const Said second = hear(child);
  CHECK(second.word == "second");
  CHECK(second.pid == first.pid);
  CHECK(child.wait_end() == 0);
  CHECK(dir.files().empty());
}

TEST_CASE("A crash's recording under the same process number stays") {
  TemporaryDirectory dir;
  core::read_options(core::options, ("dir=" + dir.path()).c_str());
  for (const bool old : {true, false}) {
    const std::string name = dir.path() + "/rec." + std::to_string(getpid()) + ".0";
    auto header = std::make_unique<wire::Header>();
    std::memcpy(header->magic, wire::kMagic, sizeof wire::kMagic);
    header->pid = getpid();
    timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    header->start_realtime_ns = static_cast<uint64_t>(now.tv_sec - (old ? 3600 : 0)) * 1000000000 +
                                static_cast<uint64_t>(now.tv_nsec);
    std::ofstream(name, std::ios::binary)
        .write(reinterpret_cast<const char*>(header.get()), sizeof *header);
    char path[300];
    const int fd = core::create_recording_file(nullptr, 8192, path, sizeof path);
    REQUIRE(fd >= 0);
    close(fd);
    CHECK(std::filesystem::exists(name) == old);
    CHECK(std::string(path) == dir.path() + "/rec." + std::to_string(getpid()) + ".1");
    std::filesystem::remove(path);
    std::filesystem::remove(name);
  }
}
