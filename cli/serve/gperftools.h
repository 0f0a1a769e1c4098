// CPU samples in the binary form of gperftools: words, then the memory map.
#pragma once

#include <functional>
#include <string>

#include "cli/model/profile.h"

namespace track::serve {

std::string gperftools_cpu(const Profile& profile);

// "num_symbols: 1" to a GET; to "0xa+0xb" a line for each address that has a name.
std::string symbol_reply(const std::string& asked,
                         const std::function<std::string(uint64_t)>& name_of);

}  // namespace track::serve
