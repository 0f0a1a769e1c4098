// Debug files from the servers in DEBUGINFOD_URLS. Called only when the user asked for it: this
// is the one place of the symbolizer that touches the network.
#pragma once

#include <string>
#include <vector>

namespace track::symbolize {

// A descriptor of the debug file (kept in debuginfod's own cache) and its path, or -1. What is
// missing on this machine is added to `notes`, once a process.
int fetch_debug_file(const std::string& build_id, std::string& path,
                     std::vector<std::string>& notes);

}  // namespace track::symbolize
