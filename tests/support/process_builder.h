// A process of a few words, to be marked: globals, a heap, and a stack a thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "cli/analyze/fixpoint.h"
#include "tests/support/trace_builder.h"

namespace track::test {

class ProcessBuilder : public TraceBuilder {
 public:
  static constexpr uint64_t kGlobals = 0x10000, kHeap = 0x20000, kStacks = 0x7f0000000000;
  static constexpr uint64_t kStackBytes = 512;

  ProcessBuilder() : globals_(64, 0), heap_(256, 0) {
    picture_.coherent = picture_.heap_known = true;
    trace.end = ProcessEnd::alive;
    trace.gone = false;
  }

  uint64_t block(uint64_t bytes) {
    const uint64_t address = kHeap + heap_used_;
    heap_used_ += (bytes + 31) / 16 * 16;
    blocks_.push_back({address, bytes});
    return address;
  }
  void global(size_t slot, uint64_t value) { globals_.at(slot) = value; }
  void store(uint64_t address, uint64_t value) { heap_.at((address - kHeap) / 8) = value; }
  uint64_t stack_of(uint32_t id) const { return kStacks + id * 4096; }
  void push(uint32_t id, uint64_t value) {
    std::vector<uint64_t>& words = stacks_[id];
    words.resize(kStackBytes / 8, 0);
    *std::find(words.begin(), words.end(), 0) = value;
  }
  void blocks_on(uint32_t id, WaitKind kind, uint64_t object) {
    waits(id, kind, object);
    futex_.push_back(id);
  }
  void reads_pipe(uint32_t id, uint64_t descriptor) {
    waits(id, WaitKind::read, descriptor);
    channels_.push_back(id);
  }
  // In the kernel it sleeps on that word.
  void sleeps_on(uint32_t id, uint64_t word) { words_[id] = word; }
  // Its thread-local variables: a block, and marked from.
  void variables(uint32_t id, uint64_t address, uint64_t bytes) {
    variables_[id] = {address, address + bytes};
  }
  // The block of the dynamic linker's list of them.
  void lists_variables(uint32_t id, uint64_t list) { lists_[id] = list; }
  // The same where it lies in no block.
  void lists_outside(uint32_t id, uint64_t start, uint64_t bytes) {
    outside_[id] = {start, start + bytes};
    left_out_.push_back({start, start + bytes});
  }
  MemoryPicture& picture() { return picture_; }

  Fixpoint solve() {
    picture_.regions = {{kGlobals, std::as_bytes(std::span(globals_))},
                        {kHeap, std::as_bytes(std::span(heap_))}};
    picture_.blocks = blocks_;
    picture_.not_roots = left_out_;
    picture_.not_roots.push_back({kHeap, kHeap + heap_.size() * 8});
    picture_.threads.clear();
    for (const Thread& thread : trace.threads) {
      std::vector<uint64_t>& words = stacks_[thread.id];
      words.resize(kStackBytes / 8, 0);
      ThreadMemory memory;
      memory.tid = thread.tid;
      memory.own = true;
      memory.stack = {stack_of(thread.id), stack_of(thread.id) + kStackBytes};
      memory.control = variables_[thread.id];
      memory.variables = lists_[thread.id];
      memory.list = outside_[thread.id];
      memory.in_futex = std::count(futex_.begin(), futex_.end(), thread.id) != 0;
      memory.futex = words_[thread.id];
      memory.in_channel = std::count(channels_.begin(), channels_.end(), thread.id) != 0;
      picture_.threads.push_back(memory);
      picture_.regions.push_back({memory.stack.start, std::as_bytes(std::span(words))});
      picture_.blocks.push_back({memory.stack.start, kStackBytes});
      picture_.not_roots.push_back(memory.stack);
    }
    return analyze::find_fixpoint(trace, picture_);
  }

 private:
  std::vector<uint64_t> globals_, heap_;
  std::map<uint32_t, std::vector<uint64_t>> stacks_;
  std::vector<MemoryBlock> blocks_;
  std::vector<uint32_t> futex_, channels_;
  std::map<uint32_t, uint64_t> words_, lists_;
  std::map<uint32_t, AddressRange> variables_, outside_;
  std::vector<AddressRange> left_out_;
  MemoryPicture picture_;
  uint64_t heap_used_ = 0;
};

}  // namespace track::test
