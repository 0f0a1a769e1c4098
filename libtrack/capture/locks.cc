#include "libtrack/capture/locks.h"

#include <gnu/libc-version.h>

#include "libtrack/capture/next_symbols.h"
#include "libtrack/core/options.h"
#include "libtrack/core/stacks.h"

namespace track::capture {

namespace {

// Bits of glibc's __kind (sysdeps/nptl/bits/struct_mutex.h and pthreadP.h of 2.34 and later).
constexpr int kKindRobust = 16;
constexpr int kKindShared = 128;

WaitRequest mutex_request(const pthread_mutex_t* mutex, bool timed) {
  WaitRequest request{WaitKind::mutex};
  if (timed) request.flags |= wire::kWaitTimed;
  if ((mutex->__data.__kind & kKindRobust) != 0) request.flags |= wire::kWaitRobust;
  if ((mutex->__data.__kind & kKindShared) != 0) request.flags |= wire::kWaitShared;
  request.object = mutex;
  request.owner_tid = __atomic_load_n(&mutex->__data.__owner, __ATOMIC_RELAXED);
  return request;
}

// The return address of the call that waited.
const void* caller_of(const OpenWait& open) {
  const core::InternedStack stack = core::interned_stack(open.stack);
  return stack.depth == 0 ? nullptr : reinterpret_cast<const void*>(stack.frames[stack.depth - 1]);
}

}  // namespace

void start_locks(const Real& real) {
  const char* version = gnu_get_libc_version();
  const int minor = (version[2] - '0') * 10 + (version[3] - '0');
  // Another library's lock, which comes after us, has to see every lock: ThreadSanitizer, say.
  const bool known = version[0] == '2' && version[1] == '.' && minor >= 34 && minor <= 41 &&
                     is_libcs(reinterpret_cast<const void*>(real.pthread_mutex_lock)) &&
                     is_libcs(reinterpret_cast<const void*>(real.pthread_mutex_unlock));
  start_holds();
  const bool ours = core::recording_is_ours(), recorded = core::records_holds(core::options);
  core::WipedInChildren& seen = core::wiped_in_children;
  seen.plain_locks.store(ours && known && !recorded, std::memory_order_relaxed);
  seen.recorded_locks.store(ours && known && recorded, std::memory_order_relaxed);
  seen.silent_locks.store(ours && !recorded, std::memory_order_relaxed);
}

int mutex_wait(pthread_mutex_t* mutex, const core::Registers& registers, const Real& real) {
  OpenWait open;
  begin_wait(open, mutex_request(mutex, false), registers);
  const int rc = real.pthread_mutex_lock(mutex);
  end_wait(open, rc == 0);
  if (rc == 0 && order_is_new(mutex, wire::kHeldMutex))
    note_order(mutex, wire::kHeldMutex, registers);
  return mutex_took(mutex, rc, caller_of(open));
}

int mutex_timed_wait(pthread_mutex_t* mutex, clockid_t clock, const timespec* limit, bool has_clock,
                     const core::Registers& registers, const Real& real) {
  OpenWait open;
  begin_wait(open, mutex_request(mutex, true), registers);
  const int rc = has_clock ? real.pthread_mutex_clocklock(mutex, clock, limit)
                           : real.pthread_mutex_timedlock(mutex, limit);
  end_wait(open, rc == 0);
  return mutex_took(mutex, rc, caller_of(open));
}

WaitRequest rwlock_request(const pthread_rwlock_t* lock, WaitKind kind, bool timed) {
  WaitRequest request{kind};
  if (timed) request.flags |= wire::kWaitTimed;
  if (lock->__data.__shared != 0) request.flags |= wire::kWaitShared;
  if (lock->__data.__flags == PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP)
    request.flags |= wire::kWaitPrefersWriter;
  request.object = lock;
  request.owner_tid = __atomic_load_n(&lock->__data.__cur_writer, __ATOMIC_RELAXED);
  return request;
}

int rwlock_wait(pthread_rwlock_t* lock, WaitKind kind, const core::Registers& registers,
                const Real& real) {
  OpenWait open;
  begin_wait(open, rwlock_request(lock, kind, false), registers);
  const bool read = kind == WaitKind::rwlock_read;
  const int rc = read ? real.pthread_rwlock_rdlock(lock) : real.pthread_rwlock_wrlock(lock);
  end_wait(open, rc == 0);
  return took_in_order(lock, read ? wire::kHeldRead : wire::kHeldWrite, rc, registers,
                       caller_of(open));
}

int spin_wait(pthread_spinlock_t* lock, const core::Registers& registers, const Real& real) {
  OpenWait open;
  WaitRequest request{WaitKind::spinlock};
  request.object = lock;
  begin_wait(open, request, registers);
  const int rc = real.pthread_spin_lock(lock);
  end_wait(open, rc == 0);
  return took_in_order(lock, wire::kHeldSpin, rc, registers, caller_of(open));
}

}  // namespace track::capture
