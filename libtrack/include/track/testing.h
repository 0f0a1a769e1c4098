/* testing.h: a test that leaves a thread, coroutine or fiber behind fails, and says who created it;
 * so does one that leaves a lock held.
 *
 *   #include <gtest/gtest.h>        // or <catch2/...>, or <doctest/doctest.h>
 *   #include <track/testing.h>      // nothing else to write
 *
 * in one file of the test program, after the framework's header (with Catch2 2 in the file that
 * defines CATCH_CONFIG_MAIN, CATCH_CONFIG_RUNNER or CATCH_CONFIG_EXTERNAL_INTERFACES; with doctest
 * in any). Several files may include it. C++17. Works when libtrack.so is there: `track check --
 * TEST`, or linked (track::track). Else it says once that nobody looks, and checks nothing.
 *
 * Every test has the label "test" (track/track.h), which everything that it starts inherits. When
 * it ends, its own tasks are awaited for a while (settling: 500 ms at most, less as soon as they
 * are gone); those that are still there fail it. A task is the leak of the test that created it,
 * whatever other tests do meanwhile, on however many threads. A thread that ended and was not
 * joined counts; what was there before the first test, and what fixtures of a whole suite start,
 * does not. A lock is left held by a test when the thread that runs it has taken it since and keeps
 * it, or when a thread of the test ended with it.
 *
 * The listener proves itself once, before the first test: it plants a blocked thread and a held
 * lock, has to find them, and only them, and lets them go. If it does not, the first test fails: a
 * listener that checks nothing does not pass. Where the tracker keeps no held locks (locks=0, an
 * older libtrack.so) it says so once.
 *
 * What goleak has is here too (call at the head of a test for that test, in main or in a
 * namespace's initializer on track::testing::defaults() for all):
 *
 * - IgnoreCreatedBy(f): this_test().created_by.push_back("net::accept_*"); who created it directly.
 *
 * - IgnoreAnyFunction(f): this_test().any_function.push_back("*Pool::start*"); any function of its
 *   creation stack.
 *
 * - IgnoreTopFunction(f): this_test().names.push_back("logger"); the thread's own name. Where a
 *   thread stands is seen by `track check`, not from inside.
 *
 * - IgnoreCurrent(): this_test().ignore_current()
 *
 * - RunOnFailure(): this_test().run_on_failure = true
 *
 * For a test that leaves a lock held on purpose: this_test().held_locks = false.
 *
 * In patterns `*` stands for anything; they match a whole function, with or without parameters.
 * Functions come from the symbol tables of the program and its libraries: a stripped one has none.
 */
#ifndef TRACK_TESTING_H_
#define TRACK_TESTING_H_

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "track.h"

namespace track::testing {

/* Which task: numbers of coroutines are those of their frames, which are used again. */
using task_key = std::tuple<int, uint64_t, uint64_t>;

struct rules {
  std::chrono::milliseconds settle{500};
  bool run_on_failure = false; /* look at tests that failed by themselves, too */
  bool held_locks = true;      /* a lock that is left held fails the test */
  bool enabled = true;
  std::vector<std::string> created_by, any_function, names;
  std::set<task_key> current;
  void ignore_current();
};

/* What a test begins with. To be changed before tests run. */
inline rules& defaults() {
  static rules all;
  return all;
}

namespace detail {

inline task_key key_of(const track_task& task) {
  return {static_cast<int>(task.kind), task.id, task.address};
}

inline bool matches(const char* pattern, const char* text) {
  for (; *pattern != 0; ++pattern, ++text) {
    if (*pattern == '*') {
      do {
        if (matches(pattern + 1, text)) return true;
      } while (*text++ != 0);
      return false;
    }
    if (*text != *pattern) return false;
  }
  return *text == 0;
}

/* Functions of one file by their places in it, the static ones too, which dladdr does not know. */
class functions {
 public:
  explicit functions(const char* path) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status {};
    if (fd >= 0 && fstat(fd, &status) == 0 && status.st_size > 0) {
      const auto bytes = static_cast<size_t>(status.st_size);
      void* const at = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
      if (at != MAP_FAILED) {
        read(static_cast<const char*>(at), bytes);
        munmap(at, bytes);
      }
    }
    if (fd >= 0) close(fd);
  }
  std::string at(uint64_t offset) const {
    auto next = names_.upper_bound(offset);
    if (next == names_.begin()) return {};
    --next;
    return offset < next->first + next->second.first ? next->second.second : std::string();
  }

 private:
  void read(const char* file, size_t bytes) {
    Elf64_Ehdr head;
    if (bytes < sizeof head) return;
    std::memcpy(&head, file, sizeof head);
    if (std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_shentsize != sizeof(Elf64_Shdr))
      return;
    if (head.e_shoff > bytes || (bytes - head.e_shoff) / sizeof(Elf64_Shdr) < head.e_shnum) return;
    std::vector<Elf64_Shdr> sections(head.e_shnum);
    if (sections.empty()) return;
    std::memcpy(sections.data(), file + head.e_shoff, sections.size() * sizeof(Elf64_Shdr));
    for (const Elf64_Shdr& table : sections) {
      if (table.sh_type != SHT_SYMTAB && table.sh_type != SHT_DYNSYM) continue;
      if (table.sh_link >= sections.size()) continue;
      const Elf64_Shdr& text = sections[table.sh_link];
      if (!inside(table, bytes) || !inside(text, bytes)) continue;
      for (uint64_t i = 0; i < table.sh_size / sizeof(Elf64_Sym); ++i) {
        Elf64_Sym symbol;
        std::memcpy(&symbol, file + table.sh_offset + i * sizeof symbol, sizeof symbol);
        if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_name >= text.sh_size) continue;
        const char* const name = file + text.sh_offset + symbol.st_name;
        const size_t length = strnlen(name, static_cast<size_t>(text.sh_size - symbol.st_name));
        names_[symbol.st_value] = {symbol.st_size, std::string(name, length)};
      }
    }
  }
  static bool inside(const Elf64_Shdr& section, size_t bytes) {
    return section.sh_offset <= bytes && section.sh_size <= bytes - section.sh_offset;
  }

  std::map<uint64_t, std::pair<uint64_t, std::string>> names_;
};

/* "start_workers(int)", "app+0x1234"; for a return address. */
inline std::string function_at(const void* address) {
  static std::mutex mutex;
  static std::map<std::string, functions> files;
  const auto where = reinterpret_cast<uintptr_t>(address) - 1; /* inside the call */
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(where), &info) == 0 || info.dli_fname == nullptr) return "?";
  const std::lock_guard<std::mutex> lock(mutex);
  const std::string path = access(info.dli_fname, R_OK) == 0 ? info.dli_fname : "/proc/self/exe";
  auto file = files.find(path);
  if (file == files.end()) file = files.emplace(path, functions(path.c_str())).first;
  const uintptr_t base = reinterpret_cast<uintptr_t>(info.dli_fbase);
  std::string name = file->second.at(where - base);
  if (name.empty()) name = file->second.at(where); /* a program that is not position independent */
  if (name.empty()) {
    char text[32];
    std::snprintf(text, sizeof text, "+0x%zx", static_cast<size_t>(where - base));
    return path.substr(path.rfind('/') + 1) + text;
  }
  int status = 0;
  char* const readable = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
  if (readable != nullptr) name = readable;
  std::free(readable);
  return name;
}

/* Of libraries that are between a program and what it starts. */
inline bool of_library(const std::string& function) {
  for (const char* prefix : {"std::", "void std::", "__gthread", "__gnu_cxx::", "operator new",
                             "pthread_create", "libtrack.so"})
    if (function.compare(0, std::strlen(prefix), prefix) == 0) return true;
  return false;
}

/* Of the framework, or of what is below main: they call every test, and say nothing about one. */
inline bool of_framework(const std::string& function) {
  for (const char* const library : {"libstdc++.so", "libc.so"})
    if (function.compare(0, std::strlen(library), library) == 0) return true;
  for (const char* const name_space : {"testing::", "Catch::", "doctest::"}) {
    const size_t at = function.find(name_space);
    /* At the head, or after the type that a template's name begins with. */
    if (at == 0 || (at != std::string::npos && function[at - 1] == ' ')) return true;
  }
  return false;
}

inline std::vector<std::string> creation_of(const track_task& task) {
  std::vector<std::string> result;
  for (uint32_t i = 0; i < task.created_by_count; ++i)
    result.push_back(function_at(task.created_by[i]));
  auto first = std::find_if_not(result.begin(), result.end(), of_library);
  if (first != result.end()) result.erase(result.begin(), first);
  while (result.size() > 1 && of_framework(result.back())) result.pop_back();
  return result;
}

inline bool any_matches(const std::vector<std::string>& patterns, const std::string& text) {
  const std::string bare = text.substr(0, text.find('('));
  for (const std::string& pattern : patterns)
    if (matches(pattern.c_str(), text.c_str()) || matches(pattern.c_str(), bare.c_str()))
      return true;
  return false;
}

inline bool ignored(const rules& which, const track_task& task,
                    const std::vector<std::string>& creation) {
  // There to stay; that such a thread has ended and is not joined is another thing.
  if (task.is_long_lived != 0 && task.state != TRACK_STATE_ENDED) return true;
  if (which.current.count(key_of(task)) != 0 || any_matches(which.names, task.name)) return true;
  if (!creation.empty() && any_matches(which.created_by, creation.front())) return true;
  return std::any_of(creation.begin(), creation.end(), [&](const std::string& function) {
    return any_matches(which.any_function, function);
  });
}

inline const char* state_text(const track_task& task) {
  if (task.state == TRACK_STATE_ENDED) return "ended, and nobody has joined it";
  if (task.kind == TRACK_COROUTINES) return "not finished";
  if (task.state == TRACK_STATE_BLOCKED) return "waits";
  return task.state == TRACK_STATE_SUSPENDED ? "suspended" : "still there";
}

inline std::string describe(const track_task& task, const std::vector<std::string>& creation) {
  static const char* const kinds[] = {"thread ", "coroutine ", "fiber "};
  std::string text = kinds[task.kind] + std::to_string(task.id);
  if (task.name[0] != 0) text += " (" + std::string(task.name) + ")";
  text += std::string(": ") + state_text(task) + "; created by ";
  if (creation.empty()) return text + "an unknown function";
  text += creation.front();
  constexpr size_t kMostFrames = 4;
  for (size_t i = 1; i < std::min(creation.size(), kMostFrames); ++i) {
    if (of_framework(creation[i])) break;
    text += ", called by " + creation[i];
  }
  return text;
}

/* What of this test is there now, and is not to be. */
class look {
 public:
  look(const std::string& test, const rules& which) {
    track_task task = {};  // an earlier library fills in less
    for (uint64_t cursor = 0; track_task_next(&cursor, &task) != 0;) {
      const char* const label = track_labels_get(task.labels, "test");
      if (label == nullptr || !same(test, label)) continue;
      const std::vector<std::string> creation = creation_of(task);
      if (ignored(which, task, creation)) continue;
      keys.push_back(key_of(task));
      texts.push_back(describe(task, creation));
    }
  }
  std::vector<task_key> keys;
  std::vector<std::string> texts;

 private:
  /* What is longer is kept cut off. */
  static bool same(const std::string& test, const char* label) {
    return test.compare(0, TRACK_TEXT_BYTES - 1, label) == 0;
  }
};

/* What a lock's text begins with, among those of tasks. */
inline constexpr const char* kLockHeld = "lock held: ";

inline std::string describe(const track_held& held) {
  static const char* const kinds[] = {"mutex", "reader-writer lock, for reading,",
                                      "reader-writer lock, for writing,", "spinlock"};
  char address[32];
  std::snprintf(address, sizeof address, " %p", held.lock);
  std::string text = kLockHeld + (kinds[held.kind] + std::string(address));
  Dl_info info{};
  if (held.name[0] != 0)
    text += " (" + std::string(held.name) + ")";
  else if (dladdr(held.lock, &info) != 0 && info.dli_sname != nullptr)
    text += " (" + std::string(info.dli_sname) + ")";
  return text + (held.is_mine != 0 ? ", by the test's own thread"
                                   : ", by thread " + std::to_string(held.holder) +
                                         " of the test, which has ended");
}

/* Kind 3: a lock, by the number of its holder. */
inline task_key key_of(const track_held& held) {
  return {3, held.holder, reinterpret_cast<uint64_t>(held.lock)};
}

using held_locks = std::multiset<task_key>;

inline held_locks held_by_me() {
  held_locks keys;
  track_held held;
  for (uint64_t cursor = 0; track_held_next(&cursor, &held) == 1;)
    if (held.is_mine != 0 && held.by_fiber == 0) keys.insert(key_of(held));
  return keys;
}

/* A task was blamed once: a test that is repeated is not blamed for it again. */
inline bool blamed_before(const task_key& key) {
  static std::mutex mutex;
  static std::set<task_key> blamed;
  const std::lock_guard<std::mutex> lock(mutex);
  return !blamed.insert(key).second;
}

/* What of this test is held now: by the calling thread and not before, or by threads that ended.
 * A lock may be in the place of one that was never given back. */
inline std::vector<std::string> left_held(const std::string& test, held_locks before) {
  std::vector<std::string> texts;
  track_held held;
  for (uint64_t cursor = 0; track_held_next(&cursor, &held) == 1;) {
    const auto known = before.find(key_of(held));
    if (held.by_fiber != 0 || known != before.end()) {
      if (known != before.end()) before.erase(known);
      continue;
    }
    const char* const label = track_labels_get(held.holder_labels, "test");
    const bool of_test = label != nullptr && test.compare(0, TRACK_TEXT_BYTES - 1, label) == 0;
    if (held.is_mine != 0 || (held.holder_ended != 0 && of_test && !blamed_before(key_of(held))))
      texts.push_back(describe(held));
  }
  return texts;
}

/* Why the listener cannot be trusted; empty: it saw what it planted, and no more. */
inline std::string prove() {
  std::mutex mutex;
  std::condition_variable changed;
  bool waits = false, over = false;
  const std::string name = "track's planted control";
  const track_labels_t before = track_labels();
  if (track_test_begin(name.c_str()) == 0) return "it cannot label what a test starts";
  std::thread planted([&] {
    std::unique_lock<std::mutex> lock(mutex);
    waits = true;
    changed.notify_all();
    changed.wait(lock, [&] { return over; });
  });
  track_labels_use(before);
  {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return waits; });
  }
  const size_t seen = look(name, rules()).keys.size();
  const uint64_t counted = track_count_labelled(TRACK_THREADS, "test", name.c_str());
  {
    const std::lock_guard<std::mutex> lock(mutex);
    over = true;
    changed.notify_all();
  }
  planted.join();
  const size_t after = look(name, rules()).keys.size();
  if (seen != 1 || counted != 1)
    return "it planted one blocked thread and saw " + std::to_string(seen) + " of it";
  return after == 0 ? std::string()
                    : "it still sees the thread that it planted, and that has ended";
}

/* The same of held locks. */
inline std::string prove_held() {
  uint64_t cursor = 0;
  track_held first;
  if (track_held_next(&cursor, &first) < 0) {
    std::fprintf(stderr,
                 "track: nobody looks for locks that a test leaves held: the tracker does "
                 "not record them\n");
    return {};
  }
  std::mutex planted;
  const held_locks before = held_by_me();
  planted.lock();
  const size_t seen = left_held("", before).size();
  planted.unlock();
  const size_t after = left_held("", before).size();
  return seen == 1 && after == 0 ? std::string()
                                 : "it planted one held lock, saw " + std::to_string(seen) +
                                       ", and " + std::to_string(after) + " when it was given back";
}

enum class trust { absent, proved, broken };
inline std::string& trust_problem() {
  static std::string why;
  return why;
}
/* Once a run, at its first test. */
inline trust trusted() {
  static const trust result = [] {
    if (track_is_recording() == 0) {
      std::fprintf(stderr,
                   "track: nobody looks for leaked tasks: libtrack.so is not there; run this under "
                   "`track check --`\n");
      return trust::absent;
    }
    trust_problem() = prove();
    if (trust_problem().empty()) trust_problem() = prove_held();
    return trust_problem().empty() ? trust::proved : trust::broken;
  }();
  return result;
}

} /* namespace detail */

inline void rules::ignore_current() {
  track_task task;
  for (uint64_t cursor = 0; track_task_next(&cursor, &task) != 0;)
    current.insert(detail::key_of(task));
}

/* One test, from here to finish(): what the listeners below use; for a runner of one's own, also
 * one that runs many tests at the same time. To be made and finished on the thread that runs the
 * test. */
class test {
 public:
  explicit test(std::string name)
      : name_(std::move(name)), trust_(detail::trusted()), before_(track_labels()), outer_(now()) {
    rules_ = defaults();
    now() = this;
    if (trust_ == detail::trust::proved) held_before_ = detail::held_by_me();
    track_test_begin(name_.c_str());
  }
  ~test() { end(); }
  test(const test&) = delete;
  test& operator=(const test&) = delete;

  /* What the test left behind, one text each; empty: nothing that was seen. failed: it failed by
   * itself, and is looked at only with run_on_failure. */
  std::vector<std::string> finish(bool failed = false) {
    const bool looks = rules_.enabled && (!failed || rules_.run_on_failure);
    std::vector<std::string> leaks;
    if (trust_ == detail::trust::broken) {
      static std::once_flag told;
      std::call_once(told, [&] {
        leaks.push_back(detail::trust_problem() + "; nothing can be said of any test");
      });
    } else if (trust_ == detail::trust::proved && looks) {
      leaks = settled();
      if (rules_.held_locks)
        for (std::string& text : detail::left_held(name_, held_before_))
          leaks.push_back(std::move(text));
    }
    end();
    return leaks;
  }

  rules& rules_of() { return rules_; }
  const std::string& name() const { return name_; }
  /* The one that runs on this thread; null: none. */
  static test*& now() {
    static thread_local test* current = nullptr;
    return current;
  }

 private:
  /* There is no event for the end of somebody else's task: waits get longer, as goleak's do. */
  std::vector<std::string> settled() const {
    const auto until = std::chrono::steady_clock::now() + rules_.settle;
    std::chrono::microseconds pause(50);
    for (;;) {
      detail::look left(name_, rules_);
      const auto at = std::chrono::steady_clock::now();
      if (left.keys.empty() || at >= until) {
        std::vector<std::string> leaks;
        for (size_t i = 0; i < left.keys.size(); ++i)
          if (!detail::blamed_before(left.keys[i])) leaks.push_back(left.texts[i]);
        return leaks;
      }
      std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(pause, until - at));
      pause = std::min(pause * 2, std::chrono::microseconds(20'000));
    }
  }
  void end() {
    if (ended_) return;
    ended_ = true;
    track_labels_use(before_);
    now() = outer_;
  }

  std::string name_;
  detail::trust trust_;
  track_labels_t before_;
  test* outer_;
  rules rules_;
  detail::held_locks held_before_;
  bool ended_ = false;
};

/* The rules of the test that runs on this thread; outside of one: the defaults. */
inline rules& this_test() {
  return test::now() != nullptr ? test::now()->rules_of() : defaults();
}

namespace detail {

inline std::string leak_text(const std::string& test, const std::vector<std::string>& leaks) {
  const auto locks =
      static_cast<size_t>(std::count_if(leaks.begin(), leaks.end(), [](const std::string& leak) {
        return leak.compare(0, std::strlen(kLockHeld), kLockHeld) == 0;
      }));
  const size_t tasks = leaks.size() - locks;
  std::string text = "track: " + test + " leaves ";
  if (tasks != 0) text += std::to_string(tasks) + (tasks == 1 ? " task behind" : " tasks behind");
  if (tasks != 0 && locks != 0) text += ", ";
  if (locks != 0) text += std::to_string(locks) + (locks == 1 ? " lock held" : " locks held");
  text += ":";
  if (trusted() == trust::broken) text = "track: the listener does not work:";
  for (const std::string& leak : leaks) text += "\n  " + leak;
  return text;
}

} /* namespace detail */
} /* namespace track::testing */

#if defined(GTEST_TEST)
#include "testing_gtest.h"
#define TRACK_TESTING_KNOWN_
#endif
#if defined(DOCTEST_VERSION)
#include "testing_doctest.h"
#define TRACK_TESTING_KNOWN_
#endif
#if defined(CATCH_VERSION_MAJOR) || defined(CATCH_TEST_MACROS_HPP_INCLUDED)
#include "testing_catch2.h"
#define TRACK_TESTING_KNOWN_
#endif
#if !defined(TRACK_TESTING_KNOWN_) && !defined(TRACK_TESTING_OWN_RUNNER)
#error \
    "include <gtest/gtest.h>, <catch2/catch.hpp> or <doctest/doctest.h> before <track/testing.h>; \
or define TRACK_TESTING_OWN_RUNNER and use track::testing::test"
#endif

#endif /* TRACK_TESTING_H_ */
