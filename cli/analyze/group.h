// What the rules share: tasks that came from and stand at the same place are one finding.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "cli/model/await_chain.h"
#include "cli/model/finding.h"
#include "cli/model/symbols.h"

namespace track::analyze {

inline constexpr size_t kMostTasks = 200;  // listed by a finding; its count says how many there are

void add_task(Finding& finding, const Trace& trace, const Thread& thread);
void add_task(Finding& finding, const Trace& trace, const Coroutine& coroutine);
void add_task(Finding& finding, const Trace& trace, const Fiber& fiber);
// A task of the finding was created with these: its test is the finding's, or one of them.
void add_labels(Finding& finding, FindingTask& task, const Trace& trace, uint32_t labels);
// Where the coroutine is suspended and who awaits whom there, as the finding's own.
void set_await_chain(Finding& finding, const AwaitIndex& index, const Coroutine& coroutine);
// What the coroutine told that it waits for.
void tell_told_wait(Finding& finding, const Trace& trace, const Symbols& symbols,
                    const Coroutine& coroutine);
void set_ages(Finding& finding);  // from the tasks listed

const char* held_sort_name(HeldSort sort);  // "mutex", "rwlock (write)"

// Of coroutines that are told by the looks of their code alone.
std::string doubt_of_kind(bool one);

// The same for every run of a program: rule, function names and test, no ids, addresses or lines.
std::string fingerprint(const Finding& finding, const Trace& trace, const Symbols& symbols);

// Stacks that read the same are the same place, whatever their return addresses: an unrolled loop
// has several. Those that created tasks in different tests are different places. Remembers every
// stack it was asked about.
class Places {
 public:
  Places(const Trace& trace, const Symbols& symbols) : trace_(trace), symbols_(symbols) {}
  StackIndex of(StackIndex stack);  // one stack for all that read the same

 private:
  const Trace& trace_;
  const Symbols& symbols_;
  std::unordered_map<StackIndex, StackIndex> known_;
  std::unordered_map<std::string, StackIndex> by_text_;
};

// "thread", plural by count, with the created-by function when one is known:
// "3 threads created in handle_requests".
std::string created_in(const Finding& finding, const Trace& trace, const Symbols& symbols);

}  // namespace track::analyze
