// recording_copy.h: private memory in the place of the recording: in a fork child, which has no
// file of its own yet, and where recording ends for now.
#pragma once

#include <cstdint>

namespace track::core {

// After fork, in the child: the mapping is replaced, in place, by a private copy that keeps the
// tables, that of the coroutines and the rings only if told so; the parent's file is never touched
// again. False: recording is over in the child.
bool copy_recording_after_fork(bool with_the_past);
// The same in a process that goes on, when recording ends for now: its file is closed and, unless
// it is to be kept, removed; other threads may still be inside a hook, and write to the copy.
// Nothing of what was recorded but the threads is kept. False: no address space; then all stays as
// it was.
bool let_go_of_recording();
// Gives such a copy a file of its own: once a child does something worth recording, or to go on.
// Where there is no room, or no way to the directory any more, the process counts as lost.
void publish_forked_recording(const char* runtime_dir = nullptr);
bool forked_recording_unpublished();
// Nothing is recorded in this child, and its copy is never published.
void let_go_of_forked_recording();

// The first page of the recording, from `page` on, that was ever reserved, or `end`; not among the
// blocks.
uint64_t next_reserved_page(uint64_t page, uint64_t end);

}  // namespace track::core
