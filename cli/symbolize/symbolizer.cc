#include "cli/symbolize/symbolizer.h"

#include <algorithm>
#include <numeric>

#include "cli/symbolize/module_symbols.h"

namespace track::symbolize {
namespace {

bool loaded_at(const Module& module, uint32_t generation) {
  if (generation == 0) return module.unloaded == 0;
  return module.loaded <= generation && (module.unloaded == 0 || generation < module.unloaded);
}

}  // namespace

size_t Symbolizer::KeyHash::operator()(const Key& key) const noexcept {
  uint64_t mixed = key.address * 2 + (key.is_return_address ? 1 : 0);
  mixed ^= static_cast<uint64_t>(static_cast<uint32_t>(key.module)) << 48;
  mixed *= 0x9E3779B97F4A7C15ull;
  return mixed ^ (mixed >> 32);
}

Symbolizer::Symbolizer(std::vector<Module> modules, Options options)
    : modules_(std::move(modules)),
      options_(std::move(options)),
      by_module_(modules_.size(), nullptr) {}
Symbolizer::~Symbolizer() = default;
Symbolizer::Symbolizer(Symbolizer&&) noexcept = default;
Symbolizer& Symbolizer::operator=(Symbolizer&&) noexcept = default;

int32_t Symbolizer::find_module(uint64_t address, uint32_t generation) const {
  for (size_t i = 0; i < modules_.size(); ++i) {
    const Module& module = modules_[i];
    if (address >= module.start && address < module.end && loaded_at(module, generation)) {
      return static_cast<int32_t>(i);
    }
  }
  return -1;
}

ModuleSymbols& Symbolizer::symbols_of(int32_t module) {
  ModuleSymbols*& known = by_module_[static_cast<size_t>(module)];
  if (known) return *known;
  const Module& wanted = modules_[static_cast<size_t>(module)];
  auto& owner = by_file_[{wanted.path, wanted.build_id}];
  if (!owner) {
    owner = std::make_unique<ModuleSymbols>(wanted.path, wanted.build_id, options_);
    for (const std::string& note : owner->notes()) {
      if (std::find(notes_.begin(), notes_.end(), note) == notes_.end()) notes_.push_back(note);
    }
  }
  known = owner.get();
  return *known;
}

const Location& Symbolizer::resolve_in(int32_t module, uint64_t address, bool is_return_address) {
  const Key key{address, module, is_return_address};
  const auto [at, added] = cache_.try_emplace(key);
  Location& location = at->second;
  if (!added) return location;
  location.address = address;
  location.module = module;
  if (module < 0) return location;
  const uint64_t base = modules_[static_cast<size_t>(module)].base;
  location.offset = address - base;
  ModuleSymbols& symbols = symbols_of(module);
  const size_t notes_before = symbols.notes().size();
  location.frames = symbols.frames_at(location.offset - (is_return_address ? 1 : 0));
  // Reading deeper may have met damage or missing parts.
  for (size_t i = notes_before; i < symbols.notes().size(); ++i) {
    notes_.push_back(symbols.notes()[i]);
  }
  return location;
}

Location Symbolizer::resolve(uint64_t address, uint32_t generation, bool is_return_address) {
  const uint64_t lookup = address - (is_return_address && address > 0 ? 1 : 0);
  return resolve_in(find_module(lookup, generation), address, is_return_address);
}

std::vector<Location> Symbolizer::resolve_all(std::span<const Query> queries) {
  std::vector<int32_t> modules(queries.size());
  for (size_t i = 0; i < queries.size(); ++i) {
    const Query& query = queries[i];
    const uint64_t lookup = query.address - (query.is_return_address && query.address > 0 ? 1 : 0);
    modules[i] = find_module(lookup, query.generation);
  }
  std::vector<size_t> order(queries.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::pair(modules[a], queries[a].address) < std::pair(modules[b], queries[b].address);
  });
  std::vector<Location> locations(queries.size());
  for (const size_t i : order) {
    locations[i] = resolve_in(modules[i], queries[i].address, queries[i].is_return_address);
  }
  return locations;
}

std::vector<Location> Symbolizer::resolve_all(std::span<const uint64_t> addresses,
                                              uint32_t generation, bool is_return_address) {
  std::vector<Query> queries;
  queries.reserve(addresses.size());
  for (const uint64_t address : addresses) {
    queries.push_back({address, generation, is_return_address});
  }
  return resolve_all(queries);
}

std::optional<std::string> Symbolizer::symbol_at(uint64_t address) {
  const int32_t module = find_module(address, 0);
  if (module < 0) return std::nullopt;
  return symbols_of(module).symbol_at(address - modules_[static_cast<size_t>(module)].base);
}

std::optional<std::string> Symbolizer::symbol_starting_at(uint64_t address) {
  const int32_t module = find_module(address, 0);
  if (module < 0) return std::nullopt;
  return symbols_of(module).symbol_starting_at(address -
                                               modules_[static_cast<size_t>(module)].base);
}

std::optional<bool> Symbolizer::has_coroutines(size_t module) {
  return symbols_of(static_cast<int32_t>(module)).has_coroutines();
}

void Symbolizer::look_for_variables(std::span<const uint64_t> addresses) {
  std::map<int32_t, std::vector<uint64_t>> by_module;
  for (const uint64_t address : addresses)
    if (const int32_t module = find_module(address, 0); module >= 0)
      by_module[module].push_back(address - modules_[static_cast<size_t>(module)].base);
  for (const auto& [module, wanted] : by_module) symbols_of(module).look_for_variables(wanted);
}

std::vector<DataStep> Symbolizer::follow(uint64_t address, bool last,
                                         std::span<const DataHop> hops) {
  const int32_t module = find_module(address, 0);
  if (module < 0) return {};
  return symbols_of(module).follow(address - modules_[static_cast<size_t>(module)].base, last,
                                   hops);
}

CoroutineCode* Symbolizer::coroutine(uint64_t resume, uint64_t destroy) {
  const int32_t module = find_module(resume, 0);
  if (module < 0) return nullptr;
  const uint64_t base = modules_[static_cast<size_t>(module)].base;
  const bool same = destroy != 0 && find_module(destroy, 0) == module;
  return symbols_of(module).coroutine(resume - base, same ? destroy - base : 0);
}

std::optional<FrameFunctions> Symbolizer::frame_functions(uint64_t resume, uint64_t destroy) {
  const int32_t module = find_module(destroy, 0);
  if (module < 0) return std::nullopt;
  if (resume != 0 && find_module(resume, 0) != module) return FrameFunctions{};
  const uint64_t base = modules_[static_cast<size_t>(module)].base;
  return symbols_of(module).frame_functions(resume == 0 ? 0 : resume - base, destroy - base);
}

uint32_t Symbolizer::frame_bytes_used(uint64_t resume, uint64_t destroy) {
  const int32_t module = find_module(resume, 0);
  if (module < 0 || find_module(destroy, 0) != module) return 0;
  const uint64_t base = modules_[static_cast<size_t>(module)].base;
  return symbols_of(module).frame_bytes_used(resume - base, destroy - base);
}

}  // namespace track::symbolize
