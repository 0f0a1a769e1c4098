// real_functions.h: libc's own functions for capture's unit tests, which run without interposers.
#pragma once

#include <dlfcn.h>

#include <type_traits>

#include "libtrack/capture/real.h"

namespace track::test {

inline const capture::Real& real_functions() {
  static const capture::Real real = [] {
    capture::Real r{};
    r.pthread_create = &::pthread_create;
    r.thrd_create = &::thrd_create;
    r.pthread_mutex_lock = &::pthread_mutex_lock;
    r.pthread_mutex_trylock = &::pthread_mutex_trylock;
    r.pthread_mutex_unlock = &::pthread_mutex_unlock;
    r.pthread_mutex_timedlock = &::pthread_mutex_timedlock;
    r.pthread_mutex_clocklock = &::pthread_mutex_clocklock;
    r.pthread_rwlock_rdlock = &::pthread_rwlock_rdlock;
    r.pthread_rwlock_wrlock = &::pthread_rwlock_wrlock;
    r.pthread_spin_lock = &::pthread_spin_lock;
    return r;
  }();
  return real;
}

// As where nothing stands between us and libc; a sanitizer's own locks do.
inline const capture::Real& libcs_locks() {
  static const capture::Real real = [] {
    capture::Real r = real_functions();
    void* libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    const auto find = [&](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(libc, name));
    };
    find(r.pthread_mutex_lock, "pthread_mutex_lock");
    find(r.pthread_mutex_unlock, "pthread_mutex_unlock");
    return r;
  }();
  return real;
}

}  // namespace track::test
