// Text that comes from a target, put where it must not mean anything.
#pragma once

#include <string>
#include <string_view>

namespace track::serve {

std::string escaped_html(std::string_view text);

// The value of a Prometheus label, without its quotes; what is no UTF-8 becomes U+FFFD.
std::string escaped_label(std::string_view text);

}  // namespace track::serve
