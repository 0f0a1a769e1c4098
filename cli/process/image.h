// The two sources of a ProcessImage: a live process and a core file.
//
// A live process is seized by ptrace for a proof only: every thread is held while registers are
// read and the process is forked, from outside, into a copy-on-write image whose memory is read
// afterwards; where that cannot be, its writable memory is copied while it is held. It is never
// left stopped: the kernel detaches what a dying tracer held. Threads born meanwhile are caught.
// System calls go on as if nothing had happened; threads in those that could not are left asleep,
// count as held while they sleep and are looked at through /proc (hold.h).
#pragma once

#include <sys/types.h>

#include <functional>
#include <span>
#include <string>

#include "cli/model/memory.h"
#include "cli/model/process_image.h"

namespace track::process {

// How the memory of one instant is had: the second is what the first falls back to.
enum class StopBy { fork_or_copy, copy };

// Nothing is stopped: memory changes while it is read; registers of a thread are its rip and rsp,
// known only while it is inside a system call. Throws Error: no such process, not permitted.
ProcessImage look_at_process(pid_t pid);

// One instant: all threads are held for pause_ns. leave_out: mappings with any of these addresses
// need not be of that instant. while_held: called once at that instant, to look at what the process
// shares with others. Throws Error when the process may not be traced, with what forbids it and how
// to allow it.
ProcessImage stop_process(pid_t pid, std::span<const AddressRange> leave_out = {},
                          StopBy by = StopBy::fork_or_copy,
                          const std::function<void()>& while_held = {});

// Throws Error: not a core file, of another machine, without notes. What the file does not hold is
// in `missing`. sysroot: where the modules' files are, for what the core leaves out.
ProcessImage read_core(const std::string& path, const std::string& sysroot = {});
// An ELF file of type core, whatever else is in it.
bool is_core(const std::string& path);

}  // namespace track::process
