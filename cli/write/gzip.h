// Bytes as a gzip file, the same for the same bytes. Throws Error.
#pragma once

#include <string>
#include <string_view>

namespace track::write {

std::string gzipped(std::string_view bytes);

}  // namespace track::write
