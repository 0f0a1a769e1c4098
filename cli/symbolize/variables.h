// The entries of variables with static storage, by their address. DWARF has no index of them: one
// pass over what stands directly in the units and namespaces, for all that are asked for at once.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <map>
#include <set>

namespace track::symbolize {

class Variables {
 public:
  explicit Variables(Dwarf* dwarf) : dwarf_(dwarf) {}

  // Addresses are ELF virtual addresses of where variables start. in_functions: those declared
  // inside functions too, which takes longer.
  void look_for(const std::set<uint64_t>& addresses, bool in_functions);
  // Null: not described, or not looked for.
  Dwarf_Die* at(uint64_t address);

 private:
  void visit(Dwarf_Die& parent, const std::set<uint64_t>& addresses, bool in_functions, int depth);

  Dwarf* dwarf_;
  std::map<uint64_t, Dwarf_Die> found_;
  std::set<std::pair<uint64_t, bool>> searched_;  // those asked for once are not looked for again
  size_t missing_ = 0;
  size_t budget_ = 0;
};

}  // namespace track::symbolize
