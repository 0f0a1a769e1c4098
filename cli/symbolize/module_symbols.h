// All that is known about the code of one module's file: its symbols at once, its DWARF when the
// first address is asked for. Addresses are ELF virtual addresses (run-time minus load bias).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/model/frame.h"
#include "cli/symbolize/coroutine_code.h"
#include "cli/symbolize/debug_files.h"
#include "cli/symbolize/dwarf_file.h"
#include "cli/symbolize/elf_image.h"
#include "cli/symbolize/frame_makers.h"
#include "cli/symbolize/freeing_calls.h"
#include "cli/symbolize/function_starts.h"
#include "cli/symbolize/machine_code.h"
#include "cli/symbolize/options.h"
#include "cli/symbolize/symbol_table.h"

namespace track::symbolize {

class ModuleSymbols {
 public:
  ModuleSymbols(const std::string& path, const std::string& build_id, const Options& options);

  std::vector<Frame> frames_at(uint64_t address);  // innermost first; empty = nothing known
  std::optional<std::string> symbol_at(uint64_t address) const;
  std::optional<std::string> symbol_starting_at(uint64_t address) const;
  // Whether its symbols name functions that destroy coroutines; nothing when it has no symbols.
  std::optional<bool> has_coroutines() const;
  // The coroutine with these functions; null when the module's file cannot be read.
  CoroutineCode* coroutine(uint64_t resume, uint64_t destroy);
  // What their code says; nothing when the module's file cannot be read. resume may be 0.
  std::optional<FrameFunctions> frame_functions(uint64_t resume, uint64_t destroy);
  // How many bytes all code that knows these frames uses of them at least; 0 = not known.
  uint32_t frame_bytes_used(uint64_t resume, uint64_t destroy);
  // Reads what declarations say of the variables that hold these addresses.
  void look_for_variables(const std::vector<uint64_t>& addresses);
  // From a word in a variable on: see data_path.h. Empty: nothing is known of it.
  std::vector<DataStep> follow(uint64_t address, bool last, std::span<const DataHop> hops);
  const std::vector<std::string>& notes() const { return notes_; }  // grows as more is read

 private:
  void open_dwarf();
  bool open_code();
  std::vector<CodeRange> body_of(uint64_t resume);
  CodeRange ramp_of(uint64_t resume) const;
  void name_outermost(SourceFrames& found, uint64_t address) const;

  DebugFiles files_;
  std::string name_;  // last part of the path, for notes
  bool pseudo_ = false;
  std::vector<std::string> notes_;
  std::unique_ptr<ElfImage> module_;  // null: gone or not the one that was loaded
  std::unique_ptr<ElfImage> debug_;   // the separate debug file, if any
  SymbolTable symbols_;
  bool dwarf_opened_ = false;
  bool split_noted_ = false;
  std::unique_ptr<DwarfFile> dwarf_;
  std::unique_ptr<MachineCode> code_;  // null: not asked for yet
  FunctionStarts functions_;           // with code_, as what follows
  FreeingCalls freeing_;
  std::unique_ptr<FrameMakers> makers_;  // null: not asked for yet
  std::map<std::pair<uint64_t, uint64_t>, std::unique_ptr<CoroutineCode>> coroutines_;
};

}  // namespace track::symbolize
