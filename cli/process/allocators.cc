#include "cli/process/allocators.h"

#include <algorithm>
#include <string_view>

#include "cli/process/named_functions.h"

namespace track::process {
namespace {

constexpr std::string_view kAllocators[] = {"libjemalloc", "libtcmalloc", "libmimalloc"};

// By which they can be called past malloc and free.
constexpr std::string_view kOwnNames[] = {
    "mallocx",       "rallocx",        "xallocx",        "sdallocx",      "dallocx",
    "tc_malloc",     "tc_free",        "tc_calloc",      "tc_realloc",    "tc_new",
    "tc_newarray",   "tc_delete",      "mi_malloc",      "mi_free",       "mi_calloc",
    "mi_realloc",    "mi_new",         "mi_heap_malloc", "__libc_malloc", "__libc_free",
    "__libc_calloc", "__libc_realloc", "__libc_memalign"};

bool is_allocator(const Module& module) {
  const std::string name = module.path.substr(module.path.rfind('/') + 1);
  return std::any_of(std::begin(kAllocators), std::end(kAllocators),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace

std::string why_table_is_doubtful(const ProcessImage& image) {
  if (std::none_of(image.modules.begin(), image.modules.end(), is_allocator))
    return "its allocator is not known: it may be called by names that are not recorded";
  ProcessImage others = image;
  std::erase_if(others.modules, is_allocator);
  for (const auto& [name, module] : named_functions(others, kOwnNames))
    return "the allocator may be called past the recording: " + module + " names " +
           std::string(name);
  return {};
}

}  // namespace track::process
