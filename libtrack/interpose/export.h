// export.h: marks a definition that takes a libc function's name in the target.
#pragma once

#define TRACK_EXPORT extern "C" __attribute__((visibility("default")))

// The definition old_NAME above is what references to an older version of NAME reach.
#define TRACK_OLD_VERSION(name, version) asm(".symver old_" #name ", " #name "@" version)
