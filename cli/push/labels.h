// By what the profiles of one process are found among those of all others.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace track::push {

using Labels = std::map<std::string, std::string>;

// What flags say comes before TRACK_LABELS, that before OTEL_SERVICE_NAME, that before
// OTEL_RESOURCE_ATTRIBUTES, that before what is known anyway: the program and the host. Throws
// Error: no legal label, too many.
Labels collect_labels(const std::vector<std::string>& flags, const std::string& program);

}  // namespace track::push
