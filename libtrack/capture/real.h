// real.h: the next definitions of the hooked functions, called real.NAME.
//
// Every pointer is good from the first instruction on: before the library's constructor has run it
// leads to a function that looks all of them up and goes on to the real one.
#pragma once

#include <dlfcn.h>
#include <grp.h>
#include <malloc.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

#include <cstddef>
#include <type_traits>

namespace track::capture {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored \
    "-Wignored-attributes"  // attributes of the declarations we take types of
struct Real {
#define TRACK_REAL(name, version) decltype(&::name) name;
#define TRACK_REAL_AS(name, ...) std::type_identity_t<__VA_ARGS__> name;
#define TRACK_REAL_OLD(name, version, ...) std::type_identity_t<__VA_ARGS__> old_##name;
#include "libtrack/capture/real.def"
#undef TRACK_REAL
#undef TRACK_REAL_AS
#undef TRACK_REAL_OLD
};
#pragma GCC diagnostic pop

extern Real real;

// Looks every one up; harmless to repeat.
void find_real();

}  // namespace track::capture
