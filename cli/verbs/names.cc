#include "cli/verbs/names.h"

#include <sys/stat.h>

#include <algorithm>
#include <unordered_set>

#include "cli/model/words.h"
#include "cli/process/named_functions.h"
#include "cli/symbolize/coroutine_code.h"
#include "cli/symbolize/demangle.h"
#include "cli/verbs/progress.h"
#include "cli/verbs/type_ways.h"

namespace track::verbs {
namespace {

symbolize::Options symbol_options(const SymbolSettings& settings, pid_t live_pid) {
  symbolize::Options options;
  options.sysroot = settings.sysroot;
  options.debuginfod = settings.debuginfod;
  if (!settings.debug_dirs.empty()) options.debug_dirs = settings.debug_dirs;
  if (!options.sysroot.empty() || live_pid == 0) return options;
  // A process in a container sees other files under the same names.
  const std::string root = "/proc/" + std::to_string(live_pid) + "/root";
  struct stat theirs {
  }, ours{};
  if (stat((root + "/").c_str(), &theirs) == 0 && stat("/", &ours) == 0 &&
      (theirs.st_dev != ours.st_dev || theirs.st_ino != ours.st_ino))
    options.sysroot = root;
  return options;
}

// Not a descriptor, a pid or a thread.
bool is_address(WaitKind kind) {
  return kind >= WaitKind::mutex && kind <= WaitKind::futex && kind != WaitKind::join;
}

bool in_module(const std::vector<Module>& modules, uint64_t address) {
  return std::any_of(modules.begin(), modules.end(), [&](const Module& m) {
    return m.unloaded == 0 && address >= m.start && address < m.end;
  });
}

std::unordered_set<StackIndex> stacks_of(const Trace& trace, bool with_profiles) {
  std::unordered_set<StackIndex> stacks;
  for (const Thread& thread : trace.threads) {
    stacks.insert({thread.created_at, thread.wait.stack, thread.running_at, thread.told.at});
    for (const Held& held : thread.held) stacks.insert(held.taken_at);
  }
  for (const HeapSite& site : trace.heap.sites) stacks.insert(site.allocated_at);
  for (const HeapOrigin& origin : trace.heap.allocated) stacks.insert(origin.allocated_at);
  for (const HeapMappings& mapped : trace.heap.mapped) stacks.insert(mapped.mapped_at);
  if (with_profiles)
    for (const CpuRow& row : trace.cpu.rows) stacks.insert({row.stack, row.created_at});
  for (const ThreadOrigin& origin : trace.thread_origins) stacks.insert(origin.created_at);
  for (const TaskScope& scope : trace.scopes) stacks.insert(scope.opened_at);
  for (const Contention& cost : trace.contention) stacks.insert({cost.stack, cost.created_at});
  for (const LockBlock& block : trace.lock_blocks) stacks.insert(block.allocated_at);
  for (const LockOrder& order : trace.lock_orders) stacks.insert(order.stack);
  for (const HistoryEvent& event : trace.history.events) stacks.insert(event.stack);
  for (const Fiber& fiber : trace.fibers)
    stacks.insert({fiber.created_at, fiber.suspended_at, fiber.told.at});
  StackIndex last = 0;
  for (const Coroutine& coroutine : trace.coroutines)
    if (coroutine.created_at != last) stacks.insert(last = coroutine.created_at);
  return stacks;
}

std::unordered_set<uint64_t> objects_of(const Trace& trace) {
  std::unordered_set<uint64_t> objects;
  for (const Thread& thread : trace.threads) {
    if (thread.wait.kind != WaitKind::none && thread.wait.kind != WaitKind::join)
      objects.insert(thread.wait.object);
    if (thread.told.kind != WaitKind::none) objects.insert(thread.told.object);
    for (const Held& held : thread.held) objects.insert(held.object);
  }
  for (const Coroutine& coroutine : trace.coroutines)
    if (coroutine.told.wait.kind != WaitKind::none) objects.insert(coroutine.told.wait.object);
  for (const Contention& cost : trace.contention)
    if (cost.kind <= WaitKind::futex) objects.insert(cost.object);
  for (const LockOrder& order : trace.lock_orders) {
    objects.insert(order.lock.address);
    for (const OrderedLock& held : order.held) objects.insert(held.address);
  }
  for (const HistoryEvent& event : trace.history.events)
    if ((event.kind == HistoryKind::wait_ended || event.kind == HistoryKind::lock_held) &&
        is_address(event.wait))
      objects.insert(event.object);
  return objects;
}

}  // namespace

Names::Names(const Trace& trace, const SymbolSettings& settings, pid_t live_pid)
    : modules_(trace.modules),
      symbolizer_(trace.modules, symbol_options(settings, live_pid)),
      profiles_(settings.heap) {}

process::CodeFact Names::code_fact(uint64_t address) const {
  process::CodeFact fact;
  fact.code = in_module(modules_, address);
  if (!fact.code) return fact;
  const auto raw = symbolizer_.symbol_starting_at(address);
  if (!raw) return fact;
  if (const auto part = symbolize::coroutine_symbol(*raw)) {
    fact.coroutine = true;
    fact.function = part->ramp;
  } else {
    fact.other = true;
  }
  return fact;
}

process::CodeLookup Names::code_lookup() {
  process::CodeLookup lookup{[this](uint64_t address) { return code_fact(address); },
                             [this](uint64_t resume, uint64_t destroy) {
                               return symbolizer_.frame_functions(resume, destroy);
                             }};
  lookup.known = pair_codes_;
  return lookup;
}

process::FunctionLookup Names::function_lookup() {
  return [this](uint64_t address) { return symbolizer_.symbol_at(address).value_or(""); };
}

process::CoroutineLookup Names::coroutine_lookup() {
  process::CoroutineLookup lookup;
  lookup.shape = [this](uint64_t resume, uint64_t destroy) {
    const symbolize::CoroutineCode* code = symbolizer_.coroutine(resume, destroy);
    return code != nullptr ? code->shape() : FrameShape{};
  };
  lookup.point = [this](uint64_t resume, uint64_t destroy, uint64_t index) {
    symbolize::CoroutineCode* code = symbolizer_.coroutine(resume, destroy);
    return code != nullptr ? code->point(index) : AwaitPoint{};
  };
  lookup.used_bytes = [this](uint64_t resume, uint64_t destroy) {
    return symbolizer_.frame_bytes_used(resume, destroy);
  };
  return lookup;
}

process::CodeNames Names::code_names() {
  return [this](uint64_t return_address) {
    std::vector<std::string> names;
    const auto add = [&](const std::string& raw) {
      const auto part = symbolize::coroutine_symbol(raw);
      names.push_back(part ? part->ramp : symbolize::demangle(raw));
    };
    if (const auto raw = symbolizer_.symbol_at(return_address - 1)) add(*raw);
    for (const Frame& frame : symbolizer_.resolve(return_address, 0, true).frames)
      if (frame.inlined && !frame.linkage_name.empty()) add(frame.linkage_name);
    return names;
  };
}

std::optional<bool> Names::has_coroutines() {
  bool known = true;
  for (size_t i = 0; i < modules_.size(); ++i) {
    const std::string& path = modules_[i].path;
    const bool theirs = path.starts_with("/lib") || path.starts_with("/usr/lib");
    if (modules_[i].unloaded != 0 || theirs || process::of_the_system(modules_[i])) continue;
    const std::optional<bool> has = symbolizer_.has_coroutines(i);
    if (has.value_or(false)) return true;
    known = known && has.has_value();
  }
  return known ? std::optional<bool>(false) : std::nullopt;
}

void Names::resolve_stacks(const Trace& trace, const std::unordered_set<StackIndex>& stacks,
                           Symbols& symbols) {
  std::vector<symbolize::Query> queries;
  std::unordered_set<CodeKey, CodeKeyHash> seen;
  for (const StackIndex index : stacks) {
    if (index == 0 || index >= trace.stacks.size()) continue;
    const Stack& stack = trace.stacks[index];
    for (const uint64_t address : stack.addresses)
      if (symbols.code.count({address, stack.generation}) == 0 &&
          seen.insert({address, stack.generation}).second)
        queries.push_back({address, stack.generation, true});
  }
  std::vector<Location> locations = symbolizer_.resolve_all(queries);
  for (size_t i = 0; i < queries.size() && i < locations.size(); ++i)
    symbols.code.emplace(CodeKey{queries[i].address, queries[i].generation},
                         std::move(locations[i]));
}

Symbols Names::resolve(const Trace& trace) {
  const Progress progress("reading symbols of " + count_text(modules_.size(), "module"));
  Symbols symbols;
  resolve_stacks(trace, stacks_of(trace, profiles_), symbols);
  for (const uint64_t object : objects_of(trace)) name_object(object, symbols);
  for (const auto& [address, name] : trace.object_names) {
    name_object(address, symbols);
    std::string& text = symbols.objects[address];
    text = text.empty() || text == name ? name : name + ", " + text;
  }
  symbols.notes = symbolizer_.notes();
  return symbols;
}

void Names::name_object(uint64_t address, Symbols& symbols) {
  if (!in_module(modules_, address) || symbols.objects.count(address) != 0) return;
  const auto readable = [](const std::string& mangled) {
    constexpr std::string_view kTag = "[abi:cxx11]";
    std::string name = symbolize::demangle(mangled);
    if (const size_t at = name.find(kTag); at != std::string::npos) name.erase(at, kTag.size());
    return name;
  };
  if (const auto exact = symbolizer_.symbol_starting_at(address))
    symbols.objects[address] = readable(*exact);
  else if (const auto inside = symbolizer_.symbol_at(address))
    symbols.objects[address] = "in " + readable(*inside);
}

void Names::name_objects(const Trace& trace, const Fixpoint& fixpoint, Symbols& symbols) {
  for (const std::vector<RetentionStep>& path : fixpoint.retentions)
    if (!path.empty() && path.front().sort == RetentionStep::Sort::global)
      name_object(path.front().address, symbols);
  for (const LeakedBlocks& leaked : fixpoint.leaked)
    if (leaked.kind != 0) name_object(leaked.kind, symbols);
  std::unordered_set<StackIndex> stacks;
  for (const LeakedBlocks& leaked : fixpoint.leaked) stacks.insert(leaked.allocated_at);
  resolve_stacks(trace, stacks, symbols);
  symbols.notes = symbolizer_.notes();
}

void Names::name_types(Fixpoint& fixpoint, const ImageMemory& memory) {
  if (!fixpoint.retentions.empty()) verbs::name_types(fixpoint, memory, symbolizer_);
}

}  // namespace track::verbs
