#include "cli/model/await_point.h"

namespace track {

const char* await_method_name(AwaitMethod method) {
  switch (method) {
    case AwaitMethod::told:
      return "told";
    case AwaitMethod::label:
      return "label";
    case AwaitMethod::dwarf:
      return "dwarf";
    case AwaitMethod::suspend_side:
      return "suspend-side";
    case AwaitMethod::resume_side:
      return "resume-side";
    case AwaitMethod::none:
      break;
  }
  return "none";
}

const char* await_stage_name(AwaitStage stage) {
  switch (stage) {
    case AwaitStage::initial:
      return "initial";
    case AwaitStage::await:
      return "await";
    case AwaitStage::final:
      return "final";
    case AwaitStage::unknown:
      break;
  }
  return "unknown";
}

}  // namespace track
