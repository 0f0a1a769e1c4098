// The fixpoint of a live process, in two steps: marking while it runs finds candidates; only when
// there are some, and it is allowed, is the process held for a moment to confirm them.
#pragma once

#include <sys/types.h>

#include <functional>

#include "cli/analyze/fixpoint.h"
#include "cli/model/heap.h"
#include "cli/model/memory.h"
#include "cli/model/trace.h"
#include "cli/verbs/settings.h"

namespace track::verbs {

struct RecordReaders {
  std::function<Trace()> again;                        // the recording once more
  std::function<std::vector<RecordedBlock>()> blocks;  // its table of heap blocks
  std::function<HiddenReferences()> hidden;            // what it says of them at that instant
};

// trace: just read, with what the kernel and memory say.
analyze::Fixpoint take_fixpoint(pid_t pid, const Trace& trace, const SymbolSettings& settings,
                                const RecordReaders& readers);

}  // namespace track::verbs
