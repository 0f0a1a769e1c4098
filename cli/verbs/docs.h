// The verb `docs`, for packagers.
#pragma once

#include <CLI/CLI.hpp>

namespace track::verbs {

// After all others: it tells of those that are there.
void add_docs(CLI::App& app, int& exit_code);

}  // namespace track::verbs
