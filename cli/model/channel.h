// A descriptor whose other end the same process has: a pipe, an eventfd, a pair of Unix sockets.
// Plain data, filled by process/channel_ends.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace track {

enum class ChannelSort : uint8_t { pipe, eventfd, socket_pair };

struct ChannelEnd {
  int32_t descriptor = -1;
  ChannelSort sort = ChannelSort::pipe;
  bool reads = false, writes = false;  // what it is open for
  bool gives_up = false;               // waiting for it ends by itself, or nobody can say
  int16_t ready = ~0;                  // as poll says it
  uint64_t identity = 0;               // inode; of an eventfd the kernel's number
  uint64_t peer = 0;                   // the other end's; of pipes and eventfds the same
  std::vector<int32_t> others;         // descriptors of the other end, in this process
};

// What an epoll descriptor waits for.
struct EpollSet {
  int32_t descriptor = -1;
  std::vector<int32_t> watched;
  bool certain = true;  // false: a number there may stand for another file by now
};

struct InnerChannels {
  std::vector<ChannelEnd> ends;
  std::vector<EpollSet> epolls;
};

// "a pipe, whose other end is descriptor 6 of this process"; empty: no such descriptor.
std::string channel_text(const std::vector<ChannelEnd>& ends, uint64_t descriptor);

}  // namespace track
