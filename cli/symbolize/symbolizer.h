// Addresses to names: functions with inlined callers, file, line, from the symbol tables and DWARF
// of the modules a recording or a live process names.
//  - Never guesses: a file whose build-id is not the loaded module's gives no names; an address
//    nothing is known about comes back with empty frames (show module+offset) and notes() says why.
//  - Damaged files give fewer names, never an error: nothing here throws on bad input.
//  - Modules are opened when first hit, compilation units read when first hit, answers cached.
//  - One thread at a time. Addresses are run-time addresses; generations are the recording's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cli/model/frame.h"
#include "cli/model/frame_shape.h"
#include "cli/symbolize/coroutine_symbol.h"
#include "cli/symbolize/data_step.h"
#include "cli/symbolize/demangle.h"
#include "cli/symbolize/options.h"

namespace track::symbolize {

class CoroutineCode;
class ModuleSymbols;

struct Query {
  uint64_t address = 0;
  uint32_t generation = 0;        // of modules; 0 = newest
  bool is_return_address = true;  // look up the call before it, not the instruction after
};

class Symbolizer {
 public:
  Symbolizer(std::vector<Module> modules, Options options = {});
  ~Symbolizer();
  Symbolizer(Symbolizer&&) noexcept;
  Symbolizer& operator=(Symbolizer&&) noexcept;

  Location resolve(uint64_t address, uint32_t generation, bool is_return_address);

  // The same in the order asked; works module by module in address order, which is faster.
  std::vector<Location> resolve_all(std::span<const uint64_t> addresses, uint32_t generation = 0,
                                    bool is_return_address = true);
  std::vector<Location> resolve_all(std::span<const Query> queries);

  // What could not be had and why, one line each, in the order met.
  const std::vector<std::string>& notes() const { return notes_; }

  size_t addresses() const { return cache_.size(); }  // of which answers are kept

  // Raw (mangled) symbol of a function or global whose extent covers the address, local ones
  // (`_Z3fooi.resume`) included; from .symtab, .dynsym or the debug file. Newest generation.
  std::optional<std::string> symbol_at(uint64_t address);
  // Only when a symbol starts exactly there.
  std::optional<std::string> symbol_starting_at(uint64_t address);

  // Of a module by its index: see ModuleSymbols.
  std::optional<bool> has_coroutines(size_t module);

  // What declarations say of a way that begins at a word in a global: look for all of them first.
  // Newest generation; empty = nothing is known.
  void look_for_variables(std::span<const uint64_t> addresses);
  std::vector<DataStep> follow(uint64_t address, bool last, std::span<const DataHop> hops);

  // The coroutine whose frames begin with these two addresses; null when nothing is known of the
  // module. Lives as long as this object. Newest generation.
  CoroutineCode* coroutine(uint64_t resume, uint64_t destroy);
  // What the code of both says, without a symbol; nothing when it cannot be read. resume may be 0.
  std::optional<FrameFunctions> frame_functions(uint64_t resume, uint64_t destroy);
  // How many bytes of their frames all code uses at least; 0 = not known.
  uint32_t frame_bytes_used(uint64_t resume, uint64_t destroy);

 private:
  struct Key {
    uint64_t address;
    int32_t module;
    bool is_return_address;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const noexcept;
  };

  int32_t find_module(uint64_t address, uint32_t generation) const;
  ModuleSymbols& symbols_of(int32_t module);
  const Location& resolve_in(int32_t module, uint64_t address, bool is_return_address);

  std::vector<Module> modules_;
  Options options_;
  std::vector<std::string> notes_;
  std::vector<ModuleSymbols*> by_module_;
  // One file mapped at several places or times is read once.
  std::map<std::pair<std::string, std::string>, std::unique_ptr<ModuleSymbols>> by_file_;
  std::unordered_map<Key, Location, KeyHash> cache_;
};

}  // namespace track::symbolize
