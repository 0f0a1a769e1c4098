#include "cli/verbs/prove.h"

#include "cli/model/error.h"
#include "cli/process/image.h"
#include "cli/process/picture.h"

namespace track::verbs {
namespace {

constexpr int kAttempts = 3;

analyze::Fixpoint of_image(const ProcessImage& image, const Trace& trace, bool memory) {
  return analyze::find_fixpoint(trace, process::gather_picture(image, trace), memory);
}

analyze::Fixpoint unproved(analyze::Fixpoint candidates, const std::string& why) {
  candidates.not_visible.push_back(why);
  return candidates;
}

}  // namespace

analyze::Fixpoint take_fixpoint(pid_t pid, const Trace& trace, const SymbolSettings& settings,
                                const std::function<Trace()>& again) {
  if (!trace.recording || !(settings.memory || analyze::has_suspects(trace))) return {};
  analyze::Fixpoint candidates;
  try {
    candidates = of_image(process::look_at_process(pid), trace, settings.memory);
    if (!analyze::keep_unmoved(candidates, again())) return {};
  } catch (const Error& error) {
    return unproved({}, std::string("what refers to what: ") + error.what());
  }
  if (candidates.empty()) return candidates;
  if (!settings.pause)
    return unproved(std::move(candidates),
                    "one instant of the process's memory (--no-pause): there are no proofs of "
                    "stuck tasks");
  uint64_t held_ns = 0;
  std::string how;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    analyze::Fixpoint proof;
    try {
      // What the tracker itself writes all the time is no part of the question.
      const AddressRange recording{trace.tracker.recording,
                                   trace.tracker.recording + trace.tracker.recording_bytes};
      proof = of_image(process::stop_process(pid, {&recording, 1}), trace, settings.memory);
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
    const Trace later = again();
    if (analyze::keep_unmoved(proof, later)) return proof;
  }
  analyze::Fixpoint nothing;
  nothing.held_ns = held_ns;
  nothing.pause_for = how;
  return nothing;
}

}  // namespace track::verbs
