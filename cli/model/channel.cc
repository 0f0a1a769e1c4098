#include "cli/model/channel.h"

#include <algorithm>

namespace track {

std::string channel_text(const std::vector<ChannelEnd>& ends, uint64_t descriptor) {
  constexpr size_t kListed = 3;
  const auto end = std::find_if(ends.begin(), ends.end(), [&](const ChannelEnd& e) {
    return e.descriptor >= 0 && static_cast<uint64_t>(e.descriptor) == descriptor;
  });
  if (end == ends.end()) return {};
  std::string text = end->sort == ChannelSort::pipe      ? "a pipe"
                     : end->sort == ChannelSort::eventfd ? "an eventfd"
                                                         : "a pair of sockets";
  if (end->others.empty())
    return text + (end->sort == ChannelSort::eventfd ? " of this process" : "");
  const bool one = end->others.size() == 1;
  text += end->sort == ChannelSort::eventfd ? ", also known as descriptor "
          : one                             ? ", whose other end is descriptor "
                                            : ", whose other ends are descriptors ";
  for (size_t i = 0; i < std::min(end->others.size(), kListed); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(end->others[i]);
  if (end->others.size() > kListed)
    text += " and " + std::to_string(end->others.size() - kListed) + " more";
  return text + " of this process";
}

}  // namespace track
