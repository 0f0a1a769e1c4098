// Names of the functions that DWARF entries describe, each worked out once.
#pragma once

#include <elfutils/libdw.h>

#include <memory>
#include <string>
#include <unordered_map>

#include "cli/symbolize/scopes.h"

namespace track::symbolize {

struct FunctionName {
  std::string linkage;  // as the linker knows it; empty when DWARF does not say
  std::string plain;    // readable; empty when unnamed
};

class FunctionNames {
 public:
  // The name of a subprogram or inlined subroutine, looked up through its origin and declaration.
  // The reference stays good as long as this object.
  const FunctionName& of(Dwarf_Die& die);
  // "app::Queue<int>*"; empty when the type has no name.
  std::string type_name(Dwarf_Die type);

 private:
  FunctionName work_out(Dwarf_Die& die);
  std::string scope_of(Dwarf_Die declaration);

  std::unordered_map<const void*, FunctionName> names_;  // by entry
  std::unordered_map<const Dwarf_CU*, std::unique_ptr<Scopes>> scopes_;
};

}  // namespace track::symbolize
