// replay.h: the stack of the running thread, captured by validated replay of its previous one.
//
// A walk is a pure function of (pc, sp, rbp), the rules and the words it reads. A Replay remembers
// the frames of the last walk and every word they were read from. A new capture walks until it
// meets a remembered frame (same return slot, same return address, same rbp where that still
// matters), then reads all older remembered words again, innermost first, and walks on from the
// first that differs.
// The result is that of unwind(), at 0.3 ns for an unchanged frame; no word is read that unwind()
// would not read, so longjmp, exceptions and unmapped fiber stacks need no care.
// (The same return address in the same slot alone proves nothing: frames of equal size are enough
// to fool it.)
//
// Use: by the thread that owns the Replay, never re-entrantly. A signal handler that may interrupt
// capture() must be kept out by the caller's guard flag and use capture_whole() instead, which
// needs no Replay and gives the same frames and hash. If a handler leaves capture() by siglongjmp,
// the Replay is merely empty. A thread may move between stacks as it likes.
#pragma once

#include <stdint.h>

#include "libtrack/core/unwind.h"

namespace track::core {

// Deeper stacks keep the innermost kMaxFrames, skipped ones included, and are truncated.
inline constexpr unsigned kMaxFrames = 256;

// One thread's remembered stack: 9.3 KiB. All zero is a valid empty one; nothing to destroy.
// Arrays are outermost first. Offsets are in bytes from base.
struct Replay {
  uint64_t base;                 // an address on the remembered stack
  uint32_t generation;           // of the modules the frames ran in
  uint32_t size;                 // remembered frames
  uint32_t hidden;               // 1 if frame 0 only stands for the zero word that ends the stack
  uint32_t truncated;            // the walk ended for want of a rule
  uint32_t shown;                // depth of the last Captured
  uint32_t uses_bp;              // the rbp it began with mattered
  uint32_t salt;                 // the hashes begin with it
  uint64_t pc[kMaxFrames];       // return addresses
  uint64_t hash[kMaxFrames];     // of frames [hidden, i]
  uint64_t bp[kMaxFrames];       // the caller's rbp
  int32_t slot[kMaxFrames];      // where pc was read; the low bits are flags of replay.cc
  int32_t bp_slot[kMaxFrames];   // where bp was read
  int32_t cfa_slot[kMaxFrames];  // where the CFA itself was read
};

struct Captured {
  const uint64_t* frames_outermost_first;  // return addresses; lives until the next capture
  uint32_t depth;
  uint32_t changed;  // the innermost ones that may differ from this Replay's last capture; the
                     // other depth - changed are its outermost ones, unchanged
  uint64_t hash;     // hash_frames() of exactly these frames
  bool truncated;    // as for unwind()
};

// 64 bits over the frames from the outermost in, seeded with stack_salt(), so that an address
// means one module. Never 0.
//   h = seed(salt); for each frame: h = (h ^ frame) * K; h ^= h >> 32
uint64_t hash_frames(const uint64_t* outermost_first, unsigned count, uint32_t salt);

// The callers of regs.pc, without the skip innermost ones (our own hooks').
Captured capture(Replay& replay, const Registers& regs, uint64_t stack_high, unsigned skip);

// The words that decided the last capture, in the order in which they were read: their values and
// their places in bytes from sp, and where the outermost ends. Returns how many; 0: more than max,
// or the capture was not remembered.
uint32_t words_below(const Replay& replay, uint64_t sp, uint64_t* values, int32_t* at, uint32_t max,
                     uint64_t* end);

// The same by a plain walk into frames, room for kMaxFrames. Safe in any signal handler.
Captured capture_whole(uint64_t* frames, const Registers& regs, uint64_t stack_high, unsigned skip);

}  // namespace track::core
