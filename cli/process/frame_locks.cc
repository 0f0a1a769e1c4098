#include "cli/process/frame_locks.h"

#include <algorithm>
#include <cstring>

namespace track::process {
namespace {

constexpr uint64_t kMostOfStack = 1 << 20;
constexpr size_t kMostFound = 10000;
constexpr size_t kMostOfCode = 8192;  // of a function whose end is not known

}  // namespace

FrameLocks::FrameLocks(Trace& trace, const ImageMemory& memory) : trace_(trace), memory_(memory) {
  trace.frame_locks.clear();
  for (const Thread& thread : trace.threads)
    if (thread.state == TaskState::blocked || thread.state == TaskState::ended ||
        (trace.exit_task != 0 && thread.id == trace.exit_task))
      for (const Held& held : thread.held) holders_[held.object] = &thread;
  // Without a record, of a lock whose owner is no more only its own words and who waits tell.
  if (trace.prepared) return;
  for (const Thread& thread : trace.threads)
    if (thread.wait.kind == WaitKind::mutex && thread.wait.owner_tid != 0 &&
        std::none_of(trace.threads.begin(), trace.threads.end(),
                     [&](const Thread& t) { return t.tid == thread.wait.owner_tid; }))
      holders_.try_emplace(thread.wait.object, nullptr);
}

void FrameLocks::look(const Coroutine& coroutine, std::span<const uint64_t> words) {
  if (holders_.empty() || coroutine.certainty != FrameCertainty::known) return;
  uint64_t last = 0;
  for (const uint64_t word : words)
    if (word != last && holders_.count(word) != 0) {
      add(coroutine, word, false);
      last = word;
    }
  for (const uint64_t lock : named_by(coroutine)) add(coroutine, lock, true);
}

void FrameLocks::add(const Coroutine& coroutine, uint64_t lock, bool by_code) {
  if (trace_.frame_locks.size() >= kMostFound) return;
  FrameLock found;
  found.frame = coroutine.address;
  found.lock = lock;
  found.by_code = by_code;
  if (holders_.at(lock) == nullptr) return trace_.frame_locks.push_back(found);
  const Thread& holder = *holders_.at(lock);
  const std::vector<uint64_t>& stack = stack_of(holder);
  found.holder = holder.id;
  const auto on_stack = [&](uint64_t address) {
    return !left_its_frames(holder) &&
           (stack.empty() || std::binary_search(stack.begin(), stack.end(), address));
  };
  found.frame_on_stack = on_stack(coroutine.address);
  found.lock_on_stack = on_stack(lock);
  trace_.frame_locks.push_back(found);
}

bool FrameLocks::left_its_frames(const Thread& thread) const {
  return thread.state == TaskState::ended ||
         (thread.id == trace_.exit_task && trace_.end == ProcessEnd::main_returned);
}

// x86-64 code names a global by its distance from the end of the instruction.
const std::vector<uint64_t>& FrameLocks::named_by(const Coroutine& coroutine) {
  const auto [entry, fresh] = code_.try_emplace(coroutine.resume);
  if (!fresh) return entry->second;
  std::vector<std::byte> code(kMostOfCode);
  if (coroutine.destroy > coroutine.resume && coroutine.destroy - coroutine.resume < code.size())
    code.resize(coroutine.destroy - coroutine.resume);
  code.resize(memory_.read_some(coroutine.resume, code.data(), code.size()));
  for (size_t at = 0; at + 4 <= code.size(); ++at) {
    int32_t distance = 0;
    std::memcpy(&distance, code.data() + at, sizeof distance);
    const uint64_t named = coroutine.resume + at + 4 + static_cast<uint64_t>(int64_t{distance});
    if (holders_.count(named) != 0 &&
        std::find(entry->second.begin(), entry->second.end(), named) == entry->second.end())
      entry->second.push_back(named);
  }
  return entry->second;
}

const std::vector<uint64_t>& FrameLocks::stack_of(const Thread& thread) {
  const auto [entry, fresh] = stacks_.try_emplace(&thread);
  std::vector<uint64_t>& words = entry->second;
  if (!fresh || thread.state == TaskState::ended || thread.wait.stack_pointer == 0) return words;
  words.resize(kMostOfStack / 8);
  words.resize(
      memory_.read_some(thread.wait.stack_pointer & ~uint64_t{7}, words.data(), kMostOfStack) / 8);
  std::sort(words.begin(), words.end());
  return words;
}

}  // namespace track::process
