#include "cli/model/told_waits.h"

#include <algorithm>

#include "cli/model/symbols.h"
#include "cli/model/wait_text.h"
#include "cli/model/words.h"

namespace track {
namespace {

bool has_owner_of_its_own(WaitKind kind) {
  return kind == WaitKind::mutex || kind == WaitKind::rwlock_read ||
         kind == WaitKind::rwlock_write || kind == WaitKind::spinlock || kind == WaitKind::join;
}

bool waits_as_told(const Thread& thread) {
  return !thread.wait_told && thread.told.kind != WaitKind::none &&
         thread.kernel != KernelView::gone &&
         (thread.state == TaskState::running || thread.state == TaskState::blocked) &&
         !has_owner_of_its_own(thread.wait.kind);
}

std::string task_text(const Trace& trace, uint32_t id) {
  for (const Thread& thread : trace.threads)
    if (thread.id == id) return thread_text(thread);
  for (const Fiber& fiber : trace.fibers)
    if (fiber.id == id)
      return "fiber " + std::to_string(id) + (fiber.name.empty() ? "" : " (" + fiber.name + ")");
  return "task " + std::to_string(id);
}

bool is_over(const Trace& trace, uint32_t id) {
  return std::none_of(trace.threads.begin(), trace.threads.end(),
                      [&](const Thread& thread) {
                        return thread.id == id && thread.state != TaskState::ended;
                      }) &&
         std::none_of(trace.fibers.begin(), trace.fibers.end(),
                      [&](const Fiber& fiber) { return fiber.id == id; });
}

}  // namespace

void use_told_waits(Trace& trace) {
  for (Thread& thread : trace.threads) {
    if (!waits_as_told(thread)) continue;
    thread.inner = thread.wait;
    thread.inner_state = thread.state;
    thread.wait_told = true;
    Wait& wait = thread.wait;
    wait = Wait{};
    wait.kind = thread.told.kind;
    wait.timed = thread.told.timed;
    wait.object = thread.told.object;
    wait.since_ns = thread.told.since_ns;
    wait.sequence = thread.told.sequence;
    wait.stack = thread.inner.stack != 0  ? thread.inner.stack
                 : thread.running_at != 0 ? thread.running_at
                                          : thread.told.at;
    thread.state = TaskState::blocked;
  }
}

void use_seen_waits(Trace& trace) {
  for (Thread& thread : trace.threads) {
    if (!thread.wait_told) continue;
    thread.wait = thread.inner;
    thread.state = thread.inner_state;
    thread.wait_told = false;
    thread.inner = Wait{};
  }
}

bool any_told_wait(const Trace& trace) {
  return std::any_of(trace.threads.begin(), trace.threads.end(), [](const Thread& thread) {
    return thread.wait_told || waits_as_told(thread);
  });
}

const ToldObject* told_object(const Trace& trace, uint64_t address) {
  const auto known = trace.told_objects.find(address);
  return known == trace.told_objects.end() ? nullptr : &known->second;
}

bool owner_is_over(const Trace& trace, const ToldObject& object) {
  return object.owner_frame == ToldObject::kOverFrame ||
         (object.owner != 0 && is_over(trace, object.owner));
}

std::string told_object_text(const Trace& trace, const Wait& wait) {
  const ToldObject* object = told_object(trace, wait.object);
  if (!is_told(wait.kind) || object == nullptr) return {};
  if (object->owner_frame == ToldObject::kOverFrame) return "held by a coroutine that has ended";
  if (object->owner_frame != 0) {
    const auto owner = std::find_if(
        trace.coroutines.begin(), trace.coroutines.end(),
        [&](const Coroutine& coroutine) { return coroutine.address == object->owner_frame; });
    return owner == trace.coroutines.end() ? "held by a coroutine"
                                           : "held by " + coroutine_text(trace, *owner);
  }
  if (object->owner != 0)
    return is_over(trace, object->owner)
               ? "held by " + task_text(trace, object->owner) + ", which has ended"
               : "held by " + task_text(trace, object->owner);
  std::string text = "last woken by " + task_text(trace, object->waker);
  if (is_over(trace, object->waker)) text += ", which has ended";
  if (object->waker_ns != 0 && trace.taken_ns > object->waker_ns)
    text += ", " + duration_text(trace.taken_ns - object->waker_ns) + " ago";
  return text;
}

std::string told_wait_text(const Trace& trace, const Symbols& symbols, const Coroutine& coroutine) {
  const ToldWait& told = coroutine.told.wait;
  if (coroutine.told.state != TaskState::suspended || told.kind == WaitKind::none) return {};
  Wait wait;
  wait.kind = told.kind;
  wait.object = told.object;
  const std::string about = told_object_text(trace, wait);
  return wait_text(trace, symbols, told.kind, told.object) + (about.empty() ? "" : ", " + about);
}

}  // namespace track
