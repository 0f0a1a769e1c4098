// export.h: marks a definition that takes a libc function's name in the target.
#pragma once

#define TRACK_EXPORT extern "C" __attribute__((visibility("default")))
