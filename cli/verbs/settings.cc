#include "cli/verbs/settings.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace track::verbs {

write::TextOptions text_options(const OutputSettings& output, int descriptor) {
  write::TextOptions options;
  const bool tty = isatty(descriptor) != 0;
  const char* no_colour = std::getenv("NO_COLOR");
  const bool allowed = no_colour == nullptr || *no_colour == 0;
  options.colour = output.colour == "always" || (output.colour == "auto" && tty && allowed);
  winsize size{};
  if (tty && ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col != 0)
    options.width = std::clamp<size_t>(size.ws_col, 60, 140);
  std::error_code error;
  options.directory = std::filesystem::current_path(error).string();
  return options;
}

}  // namespace track::verbs
