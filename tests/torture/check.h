// check.h: what every torture program uses to say what it saw. A program's output must be the same
// in every run without the tracker; torture.py compares it with the output under the tracker.
#pragma once

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __cplusplus
#include <initializer_list>
#endif

// A fact that must hold: printed either way, so that the place of a difference can be seen.
#define CHECK(...) printf("%s: %s\n", (__VA_ARGS__) ? "ok" : "WRONG", #__VA_ARGS__)
// A fact that need only be the same with and without the tracker.
#define SHOW(expression) printf("%s = %ld\n", #expression, (long)(expression))
// A call's result and errno.
#define SHOW_ERRNO(call)                                 \
  do {                                                   \
    errno = 0;                                           \
    const long shown_ = (long)(call);                    \
    printf("%s = %ld errno %d\n", #call, shown_, errno); \
  } while (0)
