#include "cli/verbs/prove.h"

#include "cli/model/error.h"
#include "cli/process/image.h"
#include "cli/process/picture.h"

namespace track::verbs {
namespace {

constexpr int kAttempts = 3;

analyze::Fixpoint of_image(const ProcessImage& image, const Trace& trace) {
  return analyze::find_fixpoint(trace, process::gather_picture(image, trace));
}

}  // namespace

analyze::Fixpoint take_fixpoint(pid_t pid, Trace& trace, bool may_pause,
                                const std::function<Trace()>& again) {
  if (!trace.recording || !analyze::has_suspects(trace)) return {};
  analyze::Fixpoint candidates;
  try {
    candidates = of_image(process::look_at_process(pid), trace);
    if (!analyze::keep_unmoved(candidates, again())) return {};
  } catch (const Error& error) {
    trace.not_visible.push_back(std::string("what refers to what: ") + error.what());
    return {};
  }
  if (candidates.empty()) return candidates;
  if (!may_pause) {
    trace.not_visible.emplace_back(
        "one instant of the process's memory (--no-pause): there are no proofs of stuck tasks");
    return candidates;
  }
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    analyze::Fixpoint proof;
    try {
      proof = of_image(process::stop_process(pid), trace);
    } catch (const Error& error) {
      trace.not_visible.push_back(
          std::string("one instant of the process's memory, so that stuck tasks are not proved: ") +
          error.what());
      return candidates;
    }
    trace.pause_ns += proof.pause_ns;
    analyze::keep_common(proof, candidates);
    const Trace later = again();
    if (analyze::keep_unmoved(proof, later)) return proof;
  }
  return {};
}

}  // namespace track::verbs
