#include "libtrack/core/modules.h"

#include <dlfcn.h>
#include <doctest/doctest.h>

#include <barrier>
#include <filesystem>
#include <thread>
#include <vector>

#include "libtrack/core/unwind.h"
#include "tests/support/open_recording.h"
#include "tests/support/recording_view.h"

using namespace track;
using test::in_child;

namespace {

int some_data = 1;

uint64_t address_of(const void* p) {
  return reinterpret_cast<uint64_t>(p);
}

std::vector<const wire::ModuleSlot*> modules(const test::RecordingView& view, uint64_t address) {
  std::vector<const wire::ModuleSlot*> found;
  const auto* slots = view.entries<wire::ModuleSlot>(wire::SectionKind::modules);
  for (uint64_t i = 0; i < view.used(wire::SectionKind::modules); ++i)
    if (address >= slots[i].start && address < slots[i].end) found.push_back(slots + i);
  return found;
}
std::string path_of(const test::RecordingView& view, const wire::ModuleSlot& m) {
  return view.entries<char>(wire::SectionKind::strings) + m.path;
}
uint64_t function_in(void* handle) {
  return address_of(dlsym(handle, "plugin_run"));
}

}  // namespace

TEST_CASE("The modules of the start are there, with paths and build-ids") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          const auto own = modules(view, address_of(reinterpret_cast<void*>(&in_child)));
          const auto libc = modules(view, address_of(dlsym(RTLD_DEFAULT, "getpid")));
          TRACK_EXPECT(own.size() == 1 && libc.size() == 1);
          TRACK_EXPECT(own[0]->state.load() == 1 && libc[0]->state.load() == 1);
          TRACK_EXPECT(path_of(view, *own[0]) == view.header().program);
          TRACK_EXPECT(path_of(view, *libc[0]).find("libc.so.6") != std::string::npos);
          TRACK_EXPECT(libc[0]->build_id_bytes == 20);
          TRACK_EXPECT(view.header().track_base == own[0]->start);  // linked in statically here
          TRACK_EXPECT(core::lost().modules.load() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("Code is told from data and from nothing") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          int local = 0;
          TRACK_EXPECT(core::is_code(address_of(reinterpret_cast<void*>(&in_child))));
          TRACK_EXPECT(!core::is_code(address_of(&some_data)));
          TRACK_EXPECT(!core::is_code(address_of(&local)));
          TRACK_EXPECT(!core::is_code(0));
          TRACK_EXPECT(!core::is_code(UINT64_MAX));
          return 0;
        }) == 0);
}

TEST_CASE("A module that came and went is recorded once, with both generations") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          const uint32_t before = view.header().module_generation.load();
          core::modules_changing();
          void* handle = dlopen(TRACK_TEST_PLUGIN, RTLD_NOW);
          TRACK_EXPECT(handle != nullptr);
          const uint64_t function = function_in(handle);
          TRACK_EXPECT(function != 0);
          core::note_module_of(function);
          core::note_module_of(function);
          auto found = modules(view, function);
          TRACK_EXPECT(found.size() == 1);
          TRACK_EXPECT(path_of(view, *found[0]) == TRACK_TEST_PLUGIN);
          TRACK_EXPECT(found[0]->loaded == before + 1 && found[0]->unloaded.load() == 0);
          dlclose(handle);
          core::modules_closed();
          TRACK_EXPECT(view.header().module_generation.load() == before + 2);
          TRACK_EXPECT(found[0]->unloaded.load() == before + 2);
          TRACK_EXPECT(!core::is_code(function));
          return 0;
        }) == 0);
}

TEST_CASE("A plug-in opened ever again is one module, and changes the hash of no stack") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          const auto used = [&] { return view.used(wire::SectionKind::modules); };
          uint64_t first = 0, before = used();
          const uint32_t salt = core::stack_salt();
          for (int round = 0; round < 5000; ++round) {
            core::modules_changing();
            void* handle = dlopen(TRACK_TEST_PLUGIN, RTLD_NOW);
            TRACK_EXPECT(handle != nullptr);
            const uint64_t function = function_in(handle);
            if (first == 0) first = function;
            TRACK_EXPECT(function == first);
            core::note_module_of(function);
            TRACK_EXPECT(core::is_code(function));
            dlclose(handle);
            core::modules_closed();
            TRACK_EXPECT(!core::is_code(function));
          }
          TRACK_EXPECT(used() == before + 1);
          TRACK_EXPECT(core::stack_salt() == salt);
          TRACK_EXPECT(core::lost().modules.load() == 0);
          return 0;
        }) == 0);
}

TEST_CASE(
    "Another module where one was is told from it, in every stack's hash, before it is noted") {
  const test::TemporaryDirectory folder;
  const std::string other = folder.path() + "/other.so";
  std::filesystem::copy_file(TRACK_TEST_PLUGIN, other);
  CHECK(in_child([&] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          uint64_t first = 0;
          uint32_t salt = core::stack_salt();
          for (int round = 0; round < 4; ++round) {
            core::modules_changing();
            void* handle = dlopen(round % 2 == 0 ? TRACK_TEST_PLUGIN : other.c_str(), RTLD_NOW);
            TRACK_EXPECT(handle != nullptr);
            const uint64_t function = function_in(handle);
            if (first == 0) first = function;
            TRACK_EXPECT(function == first);
            core::code_met.load()(function);
            TRACK_EXPECT((core::stack_salt() != salt) == (round > 0));
            core::note_module_of(function);
            salt = core::stack_salt();
            core::code_met.load()(function);
            TRACK_EXPECT(core::stack_salt() == salt);
            dlclose(handle);
            core::modules_closed();
          }
          TRACK_EXPECT(modules(view, first).size() == 4);
          return 0;
        }) == 0);
}

TEST_CASE("Closing one module marks no other as gone") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          void* handle = dlopen(TRACK_TEST_PLUGIN, RTLD_NOW);
          TRACK_EXPECT(handle != nullptr);
          dlclose(handle);
          core::modules_closed();
          const auto* slots = view.entries<wire::ModuleSlot>(wire::SectionKind::modules);
          for (uint64_t i = 0; i < view.used(wire::SectionKind::modules); ++i)
            TRACK_EXPECT(slots[i].unloaded.load() == 0);
          TRACK_EXPECT(view.used(wire::SectionKind::modules) >= 4);
          return 0;
        }) == 0);
}

TEST_CASE("Threads that meet a new module at once record it once, and none is left out") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          for (int round = 0; round < 200; ++round) {
            core::modules_changing();
            void* handle = dlopen(TRACK_TEST_PLUGIN, RTLD_NOW);
            TRACK_EXPECT(handle != nullptr);
            const uint64_t function = function_in(handle);
            std::barrier start(4);
            std::vector<std::thread> threads;
            for (int t = 0; t < 4; ++t)
              threads.emplace_back([&] {
                start.arrive_and_wait();
                core::note_module_of(function);
              });
            for (auto& thread : threads) thread.join();
            int live = 0;
            for (const auto* m : modules(view, function)) live += m->unloaded.load() == 0;
            TRACK_EXPECT(live == 1);
            dlclose(handle);
            core::modules_closed();
          }
          return 0;
        }) == 0);
}
