// What marking starts from: globals, what the kernel and the program say is referred to, and what
// belongs to each thread that can go on. And references in disguise, where those may stand.
#pragma once

#include <cstdint>
#include <vector>

#include "cli/analyze/disguises.h"
#include "cli/analyze/mark.h"
#include "cli/analyze/xor_links.h"
#include "cli/model/memory.h"
#include "cli/model/trace.h"

namespace track::analyze {

// A thread of the picture.
struct Member {
  const Thread* thread = nullptr;  // null: the record does not know it
  size_t index = 0;                // in the trace
  const ThreadMemory* memory = nullptr;
  bool live = true;
};

class EntryPoints {
 public:
  // All outlive this.
  EntryPoints(const Trace& trace, const MemoryPicture& picture, Marker& marker)
      : trace_(trace), picture_(picture), marker_(marker), xor_links_(marker) {}

  // The lists of the threads' variables lead to their stacks, and are the dynamic linker's alone: a
  // word that seems to refer to one is left over, or the end of the block before it. Each is looked
  // through with its thread. To be called first.
  void set_lists_aside();
  void mark_roots();
  // A thread's stack, control block and registers.
  void mark_own(const Member& member);
  void mark_range(uint64_t start, uint64_t end);

  // References that are no plain addresses: found once, for all blocks that nothing reached so far.
  void find_disguises();
  // They count when they stand where what has been marked from does. True: something was reached.
  // members: as the picture has its threads.
  bool see_through_disguises(const std::vector<Member>& members);
  // From here on stuck threads have been marked from, too.
  void see_all() { all_seen_ = true; }

 private:
  void mark_plain_roots();
  Cell list_of(const ThreadMemory& thread) const;
  void take_list_back(const ThreadMemory& thread);
  bool leaves_its_frames(const Member& member) const;
  bool is_seen(uint64_t at, const std::vector<Member>& members) const;

  const Trace& trace_;
  const MemoryPicture& picture_;
  Marker& marker_;
  XorLinks xor_links_;
  std::vector<Disguised> disguised_;
  bool disguises_known_ = false;
  bool all_seen_ = false;
};

}  // namespace track::analyze
