// Descriptors whose other end this process has too. Who waits for bytes from one of these waits for
// another thread of this process, unless another process has it as well.
#pragma once

#include <sys/types.h>

#include <span>

#include "cli/model/channel.h"
#include "cli/model/memory.h"
#include "cli/model/process_image.h"
#include "cli/model/trace.h"

namespace track::process {

// As they stand now: to belong to an instant, they are asked for while the process is held. Nothing
// is opened or changed in it; where its threads have descriptors of their own, nothing comes back.
InnerChannels channel_ends(pid_t pid);

// Fills trace.channels when a thread waits for a descriptor.
void note_channels(Trace& trace);

// Whether all threads sleep, as far as their system calls say, and some of them on descriptors.
bool may_all_sleep(std::span<const ImageThread> threads);

// Marks the threads that nothing but bytes from ends inside of this process can wake. Only where
// every thread sleeps: else one that runs may write whatever it likes.
void mark_channel_sleepers(const ProcessImage& image, MemoryPicture& picture);

}  // namespace track::process
