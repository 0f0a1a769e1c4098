// The same as plain text, once: for a pipe, a file, a terminal that can do no more.
#pragma once

#include <string>

#include "cli/top/table.h"

namespace track::top {

// With a title and all its rows; nothing is cut but what is no text.
std::string plain_text(const std::string& title, Table table, const Order& order,
                       const write::TextOptions& options);

}  // namespace track::top
