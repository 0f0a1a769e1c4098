// Memory of one process as the analyses see it: copied bytes with the addresses they had, and the
// allocator's blocks in them. Plain data, filled by process/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cli/model/channel.h"
#include "cli/model/heap.h"

namespace track {

// Bytes of the target; the span is a copy and outlives every analysis of it.
struct MemoryRegion {
  uint64_t address = 0;
  std::span<const std::byte> bytes;
  uint64_t end() const { return address + bytes.size(); }
};

// Something that is alive only as long as somebody refers to it: an allocator's block that is in
// use, or the part of a thread's stack that is in use. Addresses are multiples of 16.
struct MemoryBlock {
  uint64_t address = 0;
  uint64_t bytes = 0;
  uint64_t end() const { return address + bytes; }
};

struct AddressRange {
  uint64_t start = 0;
  uint64_t end = 0;
  bool contains(uint64_t address) const { return address - start < end - start; }
};

// What belongs to one thread alone: it counts only while the thread can still run.
struct ThreadMemory {
  int32_t tid = 0;
  bool own = false;                 // false: its stack could not be told, and is among the roots
  AddressRange stack;               // in use; one of the blocks
  AddressRange control;             // its control block; pointers into it lead nowhere
  uint64_t variables = 0;           // block of the list of its variables (dtv_t); 0 = none, unknown
  AddressRange list;                // that list, where it lies in no block: main's, until it grows
  uint64_t way_out = 0;             // where libc keeps the jump buffer with which main's thread may
                                    // leave main's caller; 0 = not known
  bool in_futex = false;            // sleeps in the futex system call, without a time limit
  uint64_t futex = 0;               // and on this word; 0 = unknown
  bool in_channel = false;          // only bytes that this process itself would send can wake it
  std::vector<uint64_t> registers;  // and every word that vector registers may hold
  bool lacks_registers = false;     // some are not known: only of a thread that was left asleep
};

// A pointer that the kernel holds for the process.
struct KernelWord {
  uint64_t value = 0;
  std::string holder;  // "epoll descriptor 5", "POSIX timer 0"
};

// What the kernel knows of a live process that bears on who may go on, and what hides references.
struct KernelSide {
  std::vector<KernelWord> words;  // epoll registrations, POSIX timers, counts of eventfds
  // Named doubts, and what leaves nothing to conclude: see MemoryPicture.
  std::vector<std::string> doubts, carriers, blind, unread;
  InnerChannels channels;        // where all threads seemed to sleep
  uint64_t handled_signals = 0;  // bit N - 1: signal N has a handler of the program's
};

// References that the program says are where nobody sees them (track.h).
struct HiddenReferences {
  std::vector<AddressRange> roots;
  std::vector<uint64_t> held;  // by the kernel, a device or the like
  uint64_t lost = 0;           // so many found no room
};

// All that marking needs. Whatever is in no block and not taken out is a root.
struct MemoryPicture {
  std::shared_ptr<const void> storage;
  std::vector<MemoryRegion> regions;  // writable memory; sorted
  std::vector<MemoryBlock> blocks;    // of the heap, and stacks; sorted
  // As the recording keeps them, sorted; with stacks. Of use only when `recorded_kept`.
  std::vector<RecordedBlock> recorded;
  bool recorded_kept = false;
  bool recorded_elsewhere = false;      // some of them are another allocator's than glibc's
  std::vector<AddressRange> not_roots;  // heaps, stacks, the tracker's own memory; sorted, disjoint
  std::vector<ThreadMemory> threads;    // every thread of the process
  std::vector<KernelWord> kernel_words;
  bool coherent = false;    // of one instant, with every thread's registers
  bool heap_known = false;  // the allocator's blocks could be told
  // What may hold references where nobody can look: unusual uses, and usual ones. With one of the
  // latter (io_uring, a core file of a program that uses epoll) nothing at all can be concluded.
  std::vector<std::string> doubts, blind;
  std::string cancels;      // who names pthread_cancel, in words; "" = nobody
  std::string lock_escape;  // how a thread may leave its wait for a lock, in words; "" = it cannot
  std::vector<std::string> carriers;        // doubts while anybody is left to send something
  std::vector<std::string> unread;          // leave nothing to conclude while anybody can read it
  std::vector<std::string> channel_doubts;  // whether ThreadMemory::in_channel is true
  uint64_t pointer_guard = 0;    // with which libc hides addresses in jump buffers; 0 = unknown
  bool signal_handlers = false;  // the program has some
  // By a signal's handler, or nobody knows. False: threads that wait for each other sleep for ever.
  bool may_be_woken = true;
  // Who may wake threads that wait for each other, though nothing says that anybody does, in words:
  // of a core file, which lacks that; of descriptors that are on their way to somebody.
  std::string sleep_doubt;
  std::vector<AddressRange> shared;  // mapped with other processes
  std::vector<AddressRange> code;    // what can be executed
  uint64_t pause_ns = 0;
  std::string pause_for;  // what was done while the process was held, for people
  // As the program says (track.h). The words are held pointers, and where the roots begin.
  std::vector<AddressRange> declared_roots;  // sorted, disjoint
  std::vector<uint64_t> declared_words;
};

}  // namespace track
