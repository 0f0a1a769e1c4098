// A file of `track dump` back into the processes it was made of. Whatever the bytes are: no crash,
// no loop, no more memory than a file of that size can be worth. What is damaged or cut off is left
// out and said in Trace::warnings.
#pragma once

#include <string>
#include <vector>

#include "cli/model/loaded.h"
#include "cli/read/bytes.h"

namespace track::read {

bool is_dump(const std::string& path);  // by its first bytes; false when it cannot be read

// source: what to call it in messages. Throws Error when the file is no dump, is of another version
// or layout, or nothing of it can be read.
std::vector<Loaded> read_dump(const Bytes& bytes, const std::string& source);
std::vector<Loaded> read_dump(const std::string& path);

}  // namespace track::read
