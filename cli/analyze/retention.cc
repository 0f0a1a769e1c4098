#include "cli/analyze/retention.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "cli/model/told_waits.h"
#include "cli/model/words.h"

namespace track::analyze {
namespace {

// Of a long way the first and the last steps are told.
constexpr size_t kFirstSteps = 4, kLastSteps = 4, kLongest = 1 << 20;

std::string task_text(const Trace& trace, uint32_t id) {
  for (const Thread& thread : trace.threads)
    if (thread.id == id) return thread_text(thread);
  return "a thread";
}

std::string place_text(const Trace& trace, const Symbols& symbols, const RetentionStep& step) {
  const uint64_t address = step.address;
  const auto known = symbols.objects.find(address);
  if (known != symbols.objects.end()) {
    const bool inside = known->second.compare(0, 3, "in ") == 0;
    std::string name = inside ? known->second.substr(3) : known->second;
    constexpr std::string_view kAnonymous = "(anonymous namespace)::";
    if (const size_t at = name.find(kAnonymous); at != std::string::npos)
      name.erase(at, kAnonymous.size());
    if (!step.member.empty()) name += (step.member[0] == '[' ? "" : ".") + step.member;
    return "global `" + name + "`" + (step.type.empty() ? "" : " (" + step.type + ")");
  }
  for (const Module& module : trace.modules)
    if (address >= module.start && address < module.end) return "data of " + base_name(module.path);
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(address));
  return std::string("memory at ") + text;
}

std::string block_text(const RetentionStep& step) {
  const std::string bytes = bytes_text(step.bytes);
  if (step.type.empty()) return "heap block of " + bytes;
  if (step.only_at_head) return "heap block of " + bytes + " (" + step.type + " at its head)";
  const std::string member =
      step.member.empty() ? "" : (step.member[0] == '[' ? "" : "::") + step.member;
  return step.type + member + " (" + bytes + ")";
}

// Or in the dynamic linker's list of them, which leads to those of libraries that were loaded
// later.
bool is_variable_of(const ThreadMemory& thread, uint64_t address) {
  return thread.own && (thread.control.contains(address) || thread.list.contains(address));
}

}  // namespace

bool in_one_of(const std::vector<AddressRange>& ranges, uint64_t at) {
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), at,
                       [](uint64_t address, const AddressRange& r) { return address < r.start; });
  return after != ranges.begin() && std::prev(after)->contains(at);
}

RetentionFinder::RetentionFinder(const Trace& trace, const MemoryPicture& picture,
                                 const Marker& marker)
    : trace_(trace), picture_(picture), marker_(marker) {
  for (size_t i = 0; i < picture.threads.size(); ++i)
    if (picture.threads[i].own)
      if (const Cell cell = marker.map().find(picture.threads[i].stack.start); cell != kNoCell)
        stacks_[cell] = i;
  for (const Coroutine& coroutine : trace.coroutines)
    functions_[coroutine.address] = coroutine.function;
  for (const Fiber& fiber : trace.fibers)
    if (const Cell cell = marker.map().find(fiber.stack_high - 8); cell != kNoCell)
      fibers_[cell] = fiber.id;
}

uint32_t RetentionFinder::task_of(size_t thread) const {
  const int32_t tid = picture_.threads[thread].tid;
  for (const Thread& known : trace_.threads)
    if (known.tid == tid && known.state != TaskState::ended) return known.id;
  return 0;
}

uint64_t RetentionFinder::word_at(uint64_t address) const {
  const auto region =
      std::upper_bound(picture_.regions.begin(), picture_.regions.end(), address,
                       [](uint64_t value, const MemoryRegion& r) { return value < r.end(); });
  uint64_t word = 0;
  if (region == picture_.regions.end() || address < region->address ||
      address + sizeof word > region->end())
    return 0;
  std::memcpy(&word, region->bytes.data() + (address - region->address), sizeof word);
  return word;
}

// Else it is a reference in disguise.
bool RetentionFinder::leads_to(uint64_t target, Cell cell) const {
  const MemoryBlock& block = marker_.map().at(cell);
  return target >= block.address && target < block.end();
}

RetentionStep RetentionFinder::root(uint64_t referrer) const {
  using Sort = RetentionStep::Sort;
  RetentionStep step;
  step.address = referrer;
  const auto index = static_cast<size_t>(referrer & 0xffffffff);
  if (referrer >> 48 == 0xffff && index < picture_.threads.size()) {
    step.sort = Sort::registers;
    step.number = task_of(index);
    return step;
  }
  if (referrer >> 48 == 0xfffe && index < picture_.kernel_words.size()) {
    step.sort = Sort::kernel;
    step.holder = picture_.kernel_words[index].holder;
    return step;
  }
  const bool is_word = referrer >> 48 == 0xfffd && index < picture_.declared_words.size();
  const bool in_root =
      in_one_of(picture_.declared_roots, is_word ? picture_.declared_words[index] : referrer);
  if (is_word || in_root) {
    step.sort = Sort::declared;
    step.holder = in_root ? "a root, as the program says (track_root_add)"
                          : "the kernel or a device, as the program says (track_kernel_holds)";
    return step;
  }
  for (size_t i = 0; i < picture_.threads.size(); ++i)
    if (is_variable_of(picture_.threads[i], referrer)) {
      step.sort = Sort::thread_local_data;
      step.number = task_of(i);
    }
  return step;
}

bool RetentionFinder::is_variable(uint64_t address) const {
  return std::any_of(picture_.threads.begin(), picture_.threads.end(),
                     [&](const ThreadMemory& thread) { return is_variable_of(thread, address); });
}

RetentionStep RetentionFinder::block(Cell cell) const {
  RetentionStep step;
  const MemoryBlock& block = marker_.map().at(cell);
  step.address = block.address;
  step.bytes = block.bytes;
  step.sort = RetentionStep::Sort::block;
  step.head = word_at(block.address);
  if (const auto stack = stacks_.find(cell); stack != stacks_.end()) {
    step.sort = RetentionStep::Sort::stack;
    step.number = task_of(stack->second);
  } else if (const auto fiber = fibers_.find(cell); fiber != fibers_.end()) {
    step.sort = RetentionStep::Sort::fiber;
    step.number = fiber->second;
  } else if (const auto frame = functions_.find(block.address); frame != functions_.end()) {
    step.sort = RetentionStep::Sort::frame;
    step.number = frame->second;
  }
  return step;
}

std::vector<RetentionStep> RetentionFinder::path_to(Cell cell) const {
  std::vector<RetentionStep> path;
  if (!marker_.reached(cell)) return path;
  uint64_t reference = 0, target = 0;
  for (size_t n = 0; n < kLongest; ++n) {
    path.push_back(block(cell));
    path.back().reference = reference;
    path.back().target = target;
    const uint64_t referrer = marker_.referrer(cell);
    // A stack in between is a root. What lies on one itself is known to whoever refers to that.
    if (path.back().sort == RetentionStep::Sort::stack && (n != 0 || referrer == 0)) break;
    reference = referrer >> 47 != 0 ? 0 : referrer;
    target = word_at(reference);
    if (!leads_to(target, cell)) target = 0;
    // A thread's variables are marked from as they are, and may be a block that others refer to:
    // whoever went on there might come back to it.
    const bool ends = referrer >> 47 != 0 || is_variable(referrer);
    const Cell from = ends ? kNoCell : marker_.map().find(referrer);
    if (from == kNoCell || !marker_.map().is_block(from) || from == cell) {
      path.push_back(root(referrer));
      path.back().reference = reference;
      path.back().target = target;
      break;
    }
    cell = from;
  }
  std::reverse(path.begin(), path.end());
  if (path.size() > kFirstSteps + kLastSteps) {
    path[kFirstSteps - 1].left_out = static_cast<uint32_t>(path.size() - kFirstSteps - kLastSteps);
    path.erase(path.begin() + kFirstSteps, path.end() - kLastSteps);
  }
  return path;
}

std::vector<RetentionStep> RetentionFinder::path_to_address(uint64_t address) const {
  const Cell cell = marker_.map().find(address);
  std::vector<RetentionStep> path;
  if (cell != kNoCell)
    path = path_to(cell);
  else
    path.push_back(root(address));
  if (!path.empty()) {
    path.back().reference = address;
    path.back().target = 0;
  }
  return path;
}

const std::vector<RetentionStep>* way_to_object(const Fixpoint& fixpoint, const Thread& thread) {
  for (const StuckThread& waiting : fixpoint.waiting)
    if (waiting.id == thread.id && waiting.sequence == seen_wait(thread).sequence &&
        waiting.object == seen_wait(thread).object && waiting.known_to != 0 &&
        waiting.known_to <= fixpoint.retentions.size())
      return &fixpoint.retentions[waiting.known_to - 1];
  return nullptr;
}

std::vector<std::string> retention_words(const std::vector<RetentionStep>& path, const Trace& trace,
                                         const Symbols& symbols) {
  using Sort = RetentionStep::Sort;
  std::vector<std::string> words;
  for (const RetentionStep& step : path) {
    switch (step.sort) {
      case Sort::global:
        words.push_back(place_text(trace, symbols, step));
        break;
      case Sort::thread_local_data:
        words.push_back("thread-local data of " + task_text(trace, step.number));
        break;
      case Sort::stack:
        words.push_back("stack of " + task_text(trace, step.number));
        break;
      case Sort::registers:
        words.push_back("registers of " + task_text(trace, step.number));
        break;
      case Sort::declared:
        words.push_back(step.holder);
        break;
      case Sort::kernel:
        words.push_back("the kernel (" + step.holder + ")");
        break;
      case Sort::block:
        words.push_back(block_text(step));
        break;
      case Sort::frame:
        words.push_back(step.number != 0 && step.number < trace.functions.size()
                            ? "frame of " + short_function(trace.functions[step.number])
                            : "a coroutine's frame");
        break;
      case Sort::fiber:
        words.push_back("stack of fiber " + std::to_string(step.number));
        break;
    }
    if (step.left_out != 0) words.push_back(count_text(step.left_out, "more block"));
  }
  return words;
}

bool only_itself(const std::vector<RetentionStep>& path, const Symbols& symbols) {
  return path.size() == 1 && path.front().sort == RetentionStep::Sort::global &&
         symbols.objects.count(path.front().address) != 0;
}

std::string retention_line(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " -> ") + word;
  return line;
}

}  // namespace track::analyze
