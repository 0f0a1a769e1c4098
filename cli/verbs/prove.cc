#include "cli/verbs/prove.h"

#include "cli/analyze/keepers.h"
#include "cli/model/error.h"
#include "cli/process/image.h"
#include "cli/process/picture.h"
#include "cli/verbs/progress.h"

namespace track::verbs {
namespace {

constexpr int kAttempts = 3;

// What is known of the heap of one process beside its memory.
class HeapRecordOf {
 public:
  HeapRecordOf(const Trace& trace, const RecordReaders& readers)
      : trace_(trace), readers_(readers), kept_(trace.heap.record == HeapRecord::kept) {}

  analyze::Fixpoint while_it_runs(pid_t pid, bool memory) {
    HiddenReferences hidden = readers_.hidden();
    const ProcessImage image = process::look_at_process(pid);
    return find(image, memory, read(), hidden);
  }

  // A block that is lost stays what it is: for glibc's heap, whose blocks the image itself has, the
  // table can be read later. Another allocator's are those of the instant.
  analyze::Fixpoint of_instant(pid_t pid, bool memory) {
    // What the tracker itself writes all the time is no part of the question.
    const AddressRange recording{trace_.tracker.recording,
                                 trace_.tracker.recording + trace_.tracker.recording_bytes};
    std::vector<RecordedBlock> blocks;
    HiddenReferences hidden;
    const ProcessImage image =
        process::stop_process(pid, {&recording, 1}, process::StopBy::fork_or_copy, [&] {
          hidden = readers_.hidden();
          if (elsewhere_) blocks = read();
        });
    if (!elsewhere_) blocks = read();
    return find(image, memory, std::move(blocks), hidden);
  }

 private:
  std::vector<RecordedBlock> read() const {
    return kept_ ? readers_.blocks() : std::vector<RecordedBlock>();
  }
  analyze::Fixpoint find(const ProcessImage& image, bool memory, std::vector<RecordedBlock> blocks,
                         const HiddenReferences& hidden) {
    const MemoryPicture picture =
        process::gather_picture(image, trace_, std::move(blocks), &hidden);
    elsewhere_ = picture.recorded_elsewhere;
    return analyze::find_fixpoint(trace_, picture, memory);
  }

  const Trace& trace_;
  const RecordReaders& readers_;
  const bool kept_;
  bool elsewhere_ = false;
};

analyze::Fixpoint unproved(analyze::Fixpoint candidates, const std::string& why) {
  candidates.not_visible.push_back(why);
  return candidates;
}

}  // namespace

analyze::Fixpoint take_fixpoint(pid_t pid, const Trace& trace, const SymbolSettings& settings,
                                const RecordReaders& readers) {
  if (!trace.recording || !(settings.memory || analyze::has_suspects(trace))) return {};
  const Progress progress("looking through the memory of process " + std::to_string(pid));
  HeapRecordOf heap(trace, readers);
  analyze::Fixpoint candidates;
  try {
    candidates = heap.while_it_runs(pid, settings.memory);
    analyze::Fixpoint keepers = analyze::only_keepers(candidates);
    const bool poller_ran = candidates.poller_ran;
    if (!analyze::keep_unmoved(candidates, readers.again())) {
      if (!poller_ran) return keepers;
      candidates = std::move(keepers);
      candidates.poller_ran = true;
    }
  } catch (const Error& error) {
    return unproved({}, std::string("what refers to what: ") + error.what());
  }
  if (candidates.empty() && !candidates.poller_ran) return candidates;
  if (!settings.pause)
    return unproved(std::move(candidates),
                    "one instant of the process's memory (--no-pause): there are no proofs of "
                    "stuck tasks");
  uint64_t held_ns = 0;
  std::string how;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    analyze::Fixpoint proof;
    try {
      proof = heap.of_instant(pid, settings.memory);
    } catch (const Error& error) {
      candidates.held_ns = held_ns;
      candidates.pause_for = how;
      return unproved(std::move(candidates),
                      std::string("one instant of the process's memory, so that stuck tasks are "
                                  "not proved: ") +
                          error.what());
    }
    held_ns += proof.pause_ns;
    how = proof.pause_for;
    proof.held_ns = held_ns;
    analyze::keep_common(proof, candidates);
    const Trace later = readers.again();
    if (analyze::keep_unmoved(proof, later)) return proof;
  }
  analyze::Fixpoint nothing = analyze::only_keepers(std::move(candidates));
  nothing.held_ns = held_ns;
  nothing.pause_for = how;
  return nothing;
}

}  // namespace track::verbs
