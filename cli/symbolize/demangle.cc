#include "cli/symbolize/demangle.h"

#include <cxxabi.h>

#include <cctype>
#include <cstdlib>
#include <memory>

#include "cli/symbolize/coroutine_symbol.h"

namespace track::symbolize {
namespace {

constexpr size_t kMaxLength = 64 * 1024;  // longer ones are not names that a person can read

std::string demangle_exactly(const std::string& mangled) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status), &std::free);
  return status == 0 && text ? std::string(text.get()) : std::string();
}

bool is_clone_word(std::string_view word) {
  for (const std::string_view known :
       {"part", "isra", "constprop", "cold", "lto_priv", "localalias", "clone", "llvm", "__uniq",
        "warm", "unlikely"}) {
    if (word == known) return true;
  }
  return false;
}

// Cuts the suffixes compilers put on clones; `foo.bar` of another language stays whole.
std::string_view without_clone_suffixes(std::string_view name) {
  while (true) {
    std::string_view rest = name;
    size_t dot = rest.rfind('.');
    if (dot == std::string_view::npos || dot == 0) return name;
    std::string_view word = rest.substr(dot + 1);
    if (!word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos) {
      rest = rest.substr(0, dot);
      dot = rest.rfind('.');
      if (dot == std::string_view::npos || dot == 0) return name;
      word = rest.substr(dot + 1);
    }
    if (!is_clone_word(word)) return name;
    name = rest.substr(0, dot);
  }
}

}  // namespace

std::string demangle(std::string_view mangled) {
  if (mangled.size() > kMaxLength) return std::string(mangled);
  if (const auto coroutine = coroutine_symbol(mangled)) return coroutine->ramp;
  const std::string_view base = without_clone_suffixes(mangled);
  if (!base.starts_with("_Z")) return std::string(base);
  std::string readable = demangle_exactly(std::string(base));
  if (readable.empty()) readable = demangle_exactly(std::string(base.substr(0, base.find('.'))));
  return readable.empty() ? std::string(mangled) : readable;
}

}  // namespace track::symbolize
