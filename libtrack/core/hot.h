// hot.h: the words and the code that every wait needs lie together, on few pages and cache lines. A
// thread that blocks comes back to cold caches, where each further line, and each further page in a
// virtual machine, costs more than all the instructions of a hook. So the hooks of the commonest
// waits stand beside what they call; what only programs with coroutines need stands elsewhere.
#pragma once

// Words of the process; what is larger stands beside them.
#define TRACK_HOT [[gnu::section("track_hot")]]
#define TRACK_HOT_TABLE [[gnu::section("track_hot_tables")]]
#define TRACK_HOT_CODE __attribute__((hot))  // also behind extern "C", where clang takes no [[]]
