// Traces for the tests of analyze/ and write/: threads in waits and with locks, stacks with names.
#pragma once

#include <string>
#include <vector>

#include "cli/model/symbols.h"
#include "cli/model/trace.h"

namespace track::test {

class TraceBuilder {
 public:
  TraceBuilder() {
    trace.pid = 900;
    trace.program = "/bin/server";
    trace.gone = true;
    trace.end = ProcessEnd::main_returned;
    trace.exit_task = 1;
    trace.exit_task = 1;
    trace.start_ns = 1'000'000'000;
    trace.taken_ns = 31'000'000'000;
    trace.stacks.emplace_back();
    trace.functions.emplace_back();
    trace.modules.push_back({"/bin/server", "ab", 0x400000, 0x400000, 0x500000, 0, 0});
    Thread& main = add_thread();
    main.main = true;
    main.state = TaskState::running;
  }

  Thread& add_thread(TaskState state = TaskState::running) {
    Thread thread;
    thread.id = static_cast<uint32_t>(trace.threads.size() + 1);
    thread.tid = static_cast<int32_t>(900 + thread.id);
    thread.pthread = 0x7000 + thread.id * 0x100;
    thread.state = state;
    thread.created_ns = 1'000'000'000;
    if (state == TaskState::ended) thread.ended_ns = 2'000'000'000;
    trace.threads.push_back(thread);
    ++trace.threads_created;
    return trace.threads.back();
  }
  Thread& thread(uint32_t id) { return trace.threads.at(id - 1); }

  void waits(uint32_t id, WaitKind kind, uint64_t object) {
    Thread& waiter = thread(id);
    waiter.state = TaskState::blocked;
    waiter.wait.kind = kind;
    waiter.wait.object = object;
    waiter.wait.since_ns = 3'000'000'000;
    waiter.wait.sequence = 2;
  }
  void joins(uint32_t id, uint32_t target) { waits(id, WaitKind::join, thread(target).pthread); }
  void holds(uint32_t id, uint64_t object, HeldSort sort = HeldSort::mutex) {
    thread(id).held.push_back({object, sort});
  }

  // A glibc mutex word as process_vm_readv would have found it; owner 0 = unlocked.
  void mutex_word(uint64_t object, int32_t owner, uint32_t kind = 0) {
    trace.memory_read = true;
    trace.memory[object] = owner == 0 ? 0 : 2;
    trace.memory[object + 8] = static_cast<uint32_t>(owner);
    trace.memory[object + 16] = kind;
  }

  // Leaf first; "name@line".
  StackIndex stack(const std::vector<std::string>& functions) {
    Stack stack;
    for (const std::string& text : functions) {
      const uint64_t address = 0x400000 + 16 * ++addresses_;
      const size_t at = text.find('@');
      Frame frame;
      frame.function = text.substr(0, at);
      if (at != std::string::npos) {
        frame.file = "/src/" + frame.function + ".cc";
        frame.line = static_cast<uint32_t>(std::stoul(text.substr(at + 1)));
      }
      symbols.code[{address, 0}] = {address, 0, address - 0x400000, {frame}};
      stack.addresses.push_back(address);
    }
    trace.stacks.push_back(stack);
    return static_cast<StackIndex>(trace.stacks.size() - 1);
  }

  Coroutine& add_coroutine(const std::string& function, StackIndex created_at) {
    Coroutine coroutine;
    coroutine.id = trace.coroutines.size() + 1;
    coroutine.address = 0x600000 + 128 * coroutine.id;
    coroutine.size_bytes = 96;
    coroutine.created_ns = 1'000'000'000;
    coroutine.created_at = created_at;
    coroutine.certainty = FrameCertainty::known;
    coroutine.state = TaskState::suspended;
    for (uint32_t i = 1; i < trace.functions.size(); ++i)
      if (trace.functions[i] == function) coroutine.function = i;
    if (coroutine.function == 0) {
      coroutine.function = static_cast<uint32_t>(trace.functions.size());
      trace.functions.push_back(function);
    }
    trace.coroutines.push_back(coroutine);
    ++trace.coroutines_created;
    return trace.coroutines.back();
  }

  Trace trace;
  Symbols symbols;

 private:
  uint64_t addresses_ = 0;
};

}  // namespace track::test
