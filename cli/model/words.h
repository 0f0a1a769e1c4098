// Figures and counts as people say them.
#pragma once

#include <cstdint>
#include <string>

namespace track {

std::string duration_text(uint64_t ns);  // "85 ms", "3.2 s", "4 min 10 s", "2 d 3 h"
std::string bytes_text(uint64_t bytes);  // "96 B", "1.2 KiB"
std::string count_text(uint64_t count, const std::string& singular);  // "1 thread", "3 threads"
std::string grouped(uint64_t number);                                 // "1 000 000"
std::string signal_text(int number);                                  // "SIGTERM"
std::string utc_text(uint64_t realtime_ns);                           // "2026-11-22T13:53:46.000Z"
std::string hex_text(uint64_t value);                                 // "0x55d0"

}  // namespace track
