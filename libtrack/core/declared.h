// declared.h: what the program says of its threads and of objects at addresses: names, marks,
// hidden references (wire/declared.h). Lock-free; callers are inside a BusyScope unless said
// otherwise.
#pragma once

#include <atomic>
#include <cstdint>

#include "libtrack/core/thread_state.h"
#include "libtrack/wire/declared.h"

namespace track::core {

// The running thread's words; null: no room, counted.
wire::ToldThread* told_thread();
// Its place among the workers of pools; the same.
wire::PoolMember* pool_member();
// Another's; null: it told nothing.
const wire::ToldThread* told_of(const wire::ThreadSlot& slot);

// The name (null: keep, "": none) and the marks to set and to clear of the object. False: no room,
// counted. An entry that says nothing any more goes.
bool declare(wire::DeclaredSort sort, uint64_t address, const char* name, uint32_t set,
             uint32_t clear);

// The marks of a coroutine or fiber (ToldFlags); 0: none.
uint32_t declared_marks(wire::DeclaredSort sort, uint64_t address);

// What was said of a lock, or of another object that is waited for; null: nothing.
const wire::Declared* declared_lock(uint64_t address);

// The entry of something that tasks of the program wait for in ways of its own; made if there is
// none. Null: no room, counted.
wire::Declared* wait_object(uint64_t address);

// Without that task, or coroutine (wire::coroutine_owner), no wait for the object ends; 0: nobody
// owns it. An earlier owner does not any more. False: no room, counted.
bool set_owner(uint64_t address, uint32_t owner);

// Memory that is searched for references; what something outside of the process's memory has a
// pointer to. False: no room, counted. As often as they are said they have to be taken back; false:
// there is none. Not only where something may be recorded: only in a process that has a recording.
bool add_root(uint64_t begin, uint64_t bytes);
bool remove_root(uint64_t begin, uint64_t bytes);
bool hold(uint64_t address);
bool give_back(uint64_t address);

// The sorts there ever was an entry of: of another one nobody needs to look.
extern std::atomic<uint32_t> declared_sorts;
constexpr uint32_t sort_bit(wire::DeclaredSort sort) {
  return uint32_t{1} << static_cast<uint32_t>(sort);
}
inline bool any_declared(wire::DeclaredSort sort) {
  return (declared_sorts.load(std::memory_order_relaxed) & sort_bit(sort)) != 0;
}

void forget_declared_slow(wire::DeclaredSort sort, uint64_t address);
// The object is over. Not only for those inside.
inline void forget_declared(wire::DeclaredSort sort, uint64_t address) {
  if (__builtin_expect(any_declared(sort), 0)) forget_declared_slow(sort, address);
}

}  // namespace track::core
