#include "cli/process/running.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

#include "cli/process/function_extent.h"
#include "cli/process/live_image.h"
#include "cli/process/stacks.h"
#include "cli/process/unwind.h"

namespace track::process {
namespace {

constexpr uint64_t kMostOfFrame = 64 << 10;  // of one call's part of a stack that is looked through
constexpr size_t kMostThreads = 256;         // that are walked

class Finder {
 public:
  Finder(Trace& trace, const ProcessImage& image, const CodeNames& names)
      : trace_(trace), image_(image), names_(names), unwinder_(image) {
    for (const Coroutine& coroutine : trace.coroutines) {
      if (!may_run(coroutine)) continue;
      resumes_.insert(coroutine.resume);
      functions_.insert(coroutine.function);
    }
    functions_.erase(0);
    for (const uint32_t function : functions_)
      if (function < trace.functions.size()) by_name_[trace.functions[function]] = function;
  }

  bool nothing_to_find() const { return resumes_.empty(); }

  bool leads_through_coroutine(const Thread& thread) {
    const StackIndex at = thread.wait.stack != 0 ? thread.wait.stack : thread.running_at;
    if (at == 0 || at >= trace_.stacks.size()) return false;
    const std::vector<uint64_t>& addresses = trace_.stacks[at].addresses;
    return std::any_of(addresses.begin(), addresses.end(),
                       [&](uint64_t address) { return code_of(address).any(); });
  }

  void look(const Thread& thread, const Registers& registers, bool interrupted) {
    frames_.clear();
    thread_ = thread.id;
    unwinder_.unwind(registers, interrupted,
                     [&](const WalkedFrame& frame) { frames_.push_back(frame); });
    const uint64_t leaf = registers[Registers::rsp];
    for (size_t i = 0; i < frames_.size(); ++i) {
      const Code code = code_of(frames_[i].address);
      if (!code.any()) continue;
      Coroutine* found = nullptr;
      if (i == 0 && registers.whole)
        for (const uint64_t value : registers.values) found = found ? found : match(value, code);
      for (const uint64_t value : frames_[i].kept) found = found ? found : match(value, code);
      const uint64_t high = frames_[i].high != 0 ? frames_[i].high : frames_[i].low + 512;
      if (found == nullptr) found = search(frames_[i].low, high, code);
      // What it keeps in registers the functions that it called have saved.
      if (found == nullptr) found = search(leaf, frames_[i].low, code);
      if (found == nullptr && code.resume != 0) found = only_one(code);
      if (found == nullptr) continue;
      found->state = TaskState::running;
      found->thread = thread.id;
      found->await_point = 0;
    }
  }

 private:
  // Coroutines whose code is at an address: by the start of the function, or by name.
  struct Code {
    uint64_t resume = 0;
    std::vector<uint32_t> functions;
    bool any() const { return resume != 0 || !functions.empty(); }
  };

  static bool may_run(const Coroutine& coroutine) {
    return coroutine.state == TaskState::suspended && coroutine.resume != 0;
  }

  const Code& code_of(uint64_t address) {
    const auto [entry, fresh] = codes_.try_emplace(address);
    Code& code = entry->second;
    if (!fresh) return code;
    const uint64_t start = function_extent(*image_.memory, image_.modules, address - 1).start;
    if (resumes_.count(start) != 0) code.resume = start;
    for (const std::string& name : names_(address))
      if (const auto known = by_name_.find(name); known != by_name_.end())
        code.functions.push_back(known->second);
    return code;
  }

  // A ramp and the body that it calls are inside of the same one.
  bool is_of(const Coroutine& coroutine, const Code& code) const {
    const bool here = coroutine.state == TaskState::running && coroutine.thread == thread_;
    return (may_run(coroutine) || here) && (coroutine.resume == code.resume ||
                                            std::find(code.functions.begin(), code.functions.end(),
                                                      coroutine.function) != code.functions.end());
  }

  Coroutine* match(uint64_t value, const Code& code) {
    const auto at = std::lower_bound(
        trace_.coroutines.begin(), trace_.coroutines.end(), value,
        [](const Coroutine& coroutine, uint64_t address) { return coroutine.address < address; });
    return at != trace_.coroutines.end() && at->address == value && is_of(*at, code) ? &*at
                                                                                     : nullptr;
  }

  Coroutine* search(uint64_t low, uint64_t high, const Code& code) {
    if (low >= high) return nullptr;
    std::vector<uint64_t> words(std::min(high - low, kMostOfFrame) / 8);
    words.resize(image_.read_some(low, words.data(), words.size() * 8) / 8);
    for (const uint64_t word : words)
      if (Coroutine* found = match(word, code)) return found;
    return nullptr;
  }

  // Nothing names the frame, and there is but one that it can be.
  Coroutine* only_one(const Code& code) {
    Coroutine* found = nullptr;
    for (Coroutine& coroutine : trace_.coroutines) {
      if (!is_of(coroutine, code)) continue;
      if (found != nullptr) return nullptr;
      found = &coroutine;
    }
    return found;
  }

  Trace& trace_;
  const ProcessImage& image_;
  const CodeNames& names_;
  Unwinder unwinder_;
  std::unordered_set<uint64_t> resumes_;
  std::unordered_set<uint32_t> functions_;
  std::unordered_map<std::string, uint32_t> by_name_;
  std::unordered_map<uint64_t, Code> codes_;
  std::vector<WalkedFrame> frames_;
  uint32_t thread_ = 0;  // that is looked at
};

}  // namespace

void find_running(Trace& trace, const ProcessImage& image, const CodeNames& names) {
  if (trace.coroutines.empty() || !image.memory) return;
  Finder finder(trace, image, names);
  if (finder.nothing_to_find()) return;
  std::unordered_map<int32_t, const ImageThread*> by_tid;
  for (const ImageThread& thread : image.threads) by_tid[thread.tid] = &thread;
  size_t walked = 0;
  for (const Thread& thread : trace.threads) {
    const auto seen = by_tid.find(thread.outer_tid != 0 ? thread.outer_tid : thread.tid);
    if (seen == by_tid.end() || !seen->second->has_registers) continue;
    if (walked >= kMostThreads || !finder.leads_through_coroutine(thread)) continue;
    ++walked;
    finder.look(thread, seen->second->registers, !seen->second->in_system_call);
  }
}

void find_running(Trace& trace, const CodeNames& names) {
  if (trace.coroutines.empty() || !trace.memory_read) return;
  ProcessImage image;
  describe_process(trace.pid, image);
  if (image.modules.empty()) return;
  Finder finder(trace, image, names);
  if (finder.nothing_to_find()) return;
  Unwinder unwinder(image);
  size_t walked = 0;
  for (const Thread& thread : trace.threads) {
    if (thread.tid == 0 || thread.state == TaskState::ended) continue;
    if (walked >= kMostThreads || !finder.leads_through_coroutine(thread)) continue;
    ++walked;
    ImageThread seen;
    seen.tid = thread.outer_tid != 0 ? thread.outer_tid : thread.tid;
    Stack stack;
    if (!read_sleeping(trace.pid, seen, unwinder, stack)) continue;
    finder.look(thread, seen.registers, !seen.in_system_call);
  }
}

}  // namespace track::process
