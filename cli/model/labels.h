// What the program calls its tasks by (include/track/track.h): each has a set of labels, named by
// its index in Trace::label_sets.
#pragma once

#include <string>

#include "cli/model/trace.h"

namespace track {

inline constexpr const char* kTestLabel = "test";
inline constexpr const char* kScopeLabel = "scope";  // the innermost one's name
inline constexpr const char* kPoolLabel = "pool";    // of workers of a declared one, its name
// Of tasks that the program marked (track_task_long_lived).
inline constexpr const char* kExpectedLabel = "expected";
inline constexpr const char* kToLiveLong = "to live long";

const LabelList& labels_at(const Trace& trace, uint32_t labels);
// The value of a label; empty = not there.
const std::string& label_value(const Trace& trace, uint32_t labels, const std::string& key);
std::string labels_text(const Trace& trace, uint32_t labels);  // "tenant=a, test=Queue.Drains"

}  // namespace track
