#include "cli/symbolize/module_symbols.h"

#include <algorithm>
#include <cstring>

#include "cli/symbolize/coroutine_symbol.h"
#include "cli/symbolize/demangle.h"
#include "cli/symbolize/frame_functions.h"
#include "cli/symbolize/frame_use.h"

namespace track::symbolize {

ModuleSymbols::ModuleSymbols(const std::string& path, const std::string& build_id,
                             const Options& options)
    : files_(options), name_(path.substr(path.rfind('/') + 1)) {
  if (path.starts_with('[') || path.empty()) {  // [vdso], [heap]: no file
    name_ = path;
    pseudo_ = true;
    return;
  }
  std::string why;
  module_ = files_.module_file(path, build_id, why);
  const bool self_contained = module_ && module_->has_dwarf() && module_->has_symtab();
  if (!self_contained) debug_ = files_.debug_file(module_.get(), build_id, notes_);

  if (module_) symbols_.read(module_->elf());
  if (debug_) symbols_.read(debug_->elf());
  symbols_.seal();

  if (!module_ && !debug_) {
    notes_.push_back(name_ + ": " + why + ": showing module+offset");
  } else if (!debug_ && !module_->has_symtab() && !module_->has_dwarf()) {
    notes_.push_back(name_ + ": stripped, no debug file: showing " +
                     (symbols_.empty() ? "" : "exported names or ") + "module+offset");
  } else if (module_ && build_id.empty() && !module_->build_id().empty()) {
    notes_.push_back(name_ + ": no build-id was recorded: the file on disk is taken unchecked");
  }
}

void ModuleSymbols::open_dwarf() {
  if (dwarf_opened_) return;
  dwarf_opened_ = true;
  for (const ElfImage* image : {debug_.get(), module_.get()}) {
    if (!dwarf_ && image) dwarf_ = DwarfFile::open(*image, files_, notes_);
  }
  if (dwarf_) return;
  const bool claims = (debug_ && debug_->has_dwarf()) || (module_ && module_->has_dwarf());
  if (claims) {
    notes_.push_back(name_ + ": damaged debug information: showing names without lines");
  } else if ((debug_ && debug_->has_symtab()) || (module_ && module_->has_symtab())) {
    notes_.push_back(name_ + ": no debug information: showing names without lines");
  }
}

// DWARF may have no name for the function (assembly, or the .dwo is missing), or one of the many
// a C library function has inside (`__GI___libc_write`): the linker knows the name callers use.
void ModuleSymbols::name_outermost(SourceFrames& found, uint64_t address) const {
  Frame& outer = found.frames.back();
  const Symbol* symbol = symbols_.covering(address);
  // Of a coroutine's parts clang's DWARF says the coroutine's own name.
  if (symbol && outer.linkage_name.starts_with("_Z") && coroutine_symbol(symbol->name)) {
    outer.linkage_name = symbol->name;
    return;
  }
  if (!symbol || outer.linkage_name.starts_with("_Z")) return;
  const bool mangled = std::strncmp(symbol->name, "_Z", 2) == 0;
  if (!outer.function.empty() && !symbol->exported && !mangled) return;
  outer.function = demangle(symbol->name);
  outer.linkage_name = outer.function == symbol->name ? "" : symbol->name;
}

std::vector<Frame> ModuleSymbols::frames_at(uint64_t address) {
  if (pseudo_) {
    if (name_ != "[vdso]") return {};
    Frame frame;
    frame.function = name_;
    return {frame};
  }
  open_dwarf();
  SourceFrames found;
  if (dwarf_) found = dwarf_->frames_at(address, symbols_.covering(address) != nullptr);
  if (found.split_part_missing && !split_noted_) {
    split_noted_ = true;
    notes_.push_back(name_ + ": split debug information (.dwo) not found: " +
                     "names from the symbol table, no inlined frames");
  }
  if (found.frames.empty()) {
    if (!symbols_.covering(address)) return {};
    found.frames.emplace_back();
  }
  name_outermost(found, address);
  return std::move(found.frames);
}

std::optional<std::string> ModuleSymbols::symbol_at(uint64_t address) const {
  const Symbol* symbol = symbols_.covering(address);
  return symbol ? std::optional<std::string>(symbol->name) : std::nullopt;
}

std::optional<bool> ModuleSymbols::has_coroutines() const {
  if (symbols_.empty() || symbols_.named("_init") == nullptr) return std::nullopt;
  return symbols_.any_with_suffix(".destroy") || symbols_.any_with_suffix(".cleanup");
}

std::optional<std::string> ModuleSymbols::symbol_starting_at(uint64_t address) const {
  const Symbol* symbol = symbols_.starting_at(address);
  return symbol ? std::optional<std::string>(symbol->name) : std::nullopt;
}

// The extent of the resume function, and of the cold part the compiler split off from it.
std::vector<CodeRange> ModuleSymbols::body_of(uint64_t resume) {
  constexpr uint64_t kMostBytes = 4 << 20;
  const Symbol* symbol = symbols_.starting_at(resume);
  const CodeRange whole =
      symbol != nullptr ? CodeRange{resume, symbol->end} : functions_.extent(*code_, resume);
  if (whole.second <= resume || whole.second - resume > kMostBytes) return {};
  std::vector<CodeRange> body = {whole};
  for (uint64_t at = resume; at < whole.second;) {
    const Instruction* i = code_->at(at);
    at = i != nullptr ? i->next : at + 1;
    if (i == nullptr || i->to.kind != Operand::immediate || !(i->conditional || i->direct_jump()))
      continue;
    const auto to = static_cast<uint64_t>(i->to.value);
    if (std::any_of(body.begin(), body.end(),
                    [to](const CodeRange& r) { return to >= r.first && to < r.second; }))
      continue;
    const Symbol* cold = symbols_.covering(to);
    if (cold != nullptr && std::strstr(cold->name, ".cold") != nullptr)
      body.emplace_back(cold->start, cold->end);
  }
  return body;
}

CodeRange ModuleSymbols::ramp_of(uint64_t resume) const {
  const Symbol* symbol = symbols_.starting_at(resume);
  const auto part = symbol != nullptr ? coroutine_symbol(symbol->name) : std::nullopt;
  if (!part) return {};
  const Symbol* ramp = symbols_.named(part->ramp_linkage_name.c_str());
  return ramp != nullptr ? CodeRange{ramp->start, ramp->end} : CodeRange{};
}

bool ModuleSymbols::open_code() {
  if (!module_ || code_) return module_ != nullptr;
  code_ = std::make_unique<MachineCode>(*module_);
  functions_ = FunctionStarts(*module_, *code_);
  freeing_ = FreeingCalls(*module_);
  return true;
}

std::optional<FrameFunctions> ModuleSymbols::frame_functions(uint64_t resume, uint64_t destroy) {
  if (!open_code()) return std::nullopt;
  return symbolize::frame_functions(*code_, functions_, freeing_, resume, destroy);
}

uint32_t ModuleSymbols::frame_bytes_used(uint64_t resume, uint64_t destroy) {
  if (!open_code()) return 0;
  if (!makers_) makers_ = std::make_unique<FrameMakers>(*code_, functions_);
  uint64_t used = makers_->used_bytes(resume);
  for (const uint64_t function : {resume, destroy}) {
    const FrameUse use = frame_use(*code_, functions_.extent(*code_, function));
    used = std::max({used, use.used_bytes, use.freed_bytes});
  }
  return static_cast<uint32_t>(used);
}

CoroutineCode* ModuleSymbols::coroutine(uint64_t resume, uint64_t destroy) {
  const auto [entry, fresh] = coroutines_.try_emplace({resume, destroy});
  if (!fresh) return entry->second.get();
  if (!open_code()) return nullptr;
  open_dwarf();
  FrameLayout layout;
  if (dwarf_) layout = dwarf_->frame_layout_at(resume);
  entry->second = std::make_unique<CoroutineCode>(
      *code_,
      [this](uint64_t address) { return dwarf_ ? frames_at(address) : std::vector<Frame>(); },
      body_of(resume), ramp_of(resume), destroy, std::move(layout));
  return entry->second.get();
}

void ModuleSymbols::look_for_variables(const std::vector<uint64_t>& addresses) {
  std::set<uint64_t> wanted;
  bool in_functions = false;
  for (const uint64_t address : addresses) {
    const Symbol* symbol = symbols_.covering(address);
    if (symbol == nullptr) continue;
    wanted.insert(symbol->start);
    // "_ZZ4mainE5state", "state.0": of a function.
    in_functions = in_functions || std::strncmp(symbol->name, "_ZZ", 3) == 0 ||
                   std::strchr(symbol->name, '.') != nullptr;
  }
  if (wanted.empty()) return;
  open_dwarf();
  if (dwarf_) dwarf_->look_for_variables(wanted, in_functions);
}

std::vector<DataStep> ModuleSymbols::follow(uint64_t address, bool last,
                                            std::span<const DataHop> hops) {
  const Symbol* symbol = symbols_.covering(address);
  if (symbol == nullptr || !dwarf_) return {};
  return dwarf_->follow(symbol->start, address - symbol->start, last, hops);
}

}  // namespace track::symbolize
