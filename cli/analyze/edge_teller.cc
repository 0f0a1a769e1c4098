#include "cli/analyze/edge_teller.h"

#include "cli/model/finding.h"
#include "cli/model/wait_text.h"
#include "cli/model/words.h"

namespace track::analyze {

std::string EdgeTeller::object(const Wait& wait) const {
  return wait_text(trace_, symbols_, wait.kind, wait.object);
}

std::string EdgeTeller::tell(const WaitEdge& edge) const {
  const Thread& waiter = trace_.threads[edge.waiter];
  const Thread& owner = trace_.threads[edge.owner];
  const Wait& wait = waiter.wait;
  std::string text = thread_text(waiter);
  if (wait.kind == WaitKind::join) {
    text += " is in pthread_join for " + thread_text(owner);
  } else {
    text += " waits for " + object(wait);
    text += edge.queued_writer ? ", behind the queued writer " : ", held by ";
    if (edge.fiber != 0)
      text += "fiber " + std::to_string(edge.fiber) + ", which is suspended and last ran on ";
    text += edge.waiter != edge.owner ? thread_text(owner)
            : edge.fiber != 0         ? "this thread"
                                      : "itself";
  }
  if (trace_.taken_ns > wait.since_ns && wait.since_ns != 0)
    text += ", since " + duration_text(trace_.taken_ns - wait.since_ns);
  const std::string where = where_text(trace_, symbols_, wait.stack);
  if (!where.empty()) text += ", in " + where;
  return text;
}

}  // namespace track::analyze
