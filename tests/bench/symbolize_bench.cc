// How long the first symbolization of N distinct addresses of one binary takes, and its memory.
//
//   symbolize_bench FILE [N=10000] [SYSROOT] [FRAMES-TO-PRINT]
//
// Addresses are spread evenly over the functions. "first" is a new Symbolizer in a warm
// page cache (run the command twice); "again" is answered from its cache; "one by one" asks a new
// Symbolizer for the same addresses in a scattered order, without the batch. Peak memory is for
// "first" only.
//
// A binary of MariaDB's size with full debug information (24 MB of program, 257 MB of .debug_info,
// 6 million line rows, 1069 units) on Debian 12:
//   apt-get download openjdk-17-dbg openjdk-17-jre-headless
//   for d in openjdk*.deb; do dpkg -x "$d" root; done
//   symbolize_bench /usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so 10000 "$PWD/root"
// Its debug file is compressed, which alone costs seconds; as a linker leaves it:
//   objcopy --decompress-debug-sections root/usr/lib/debug/.build-id/XX/YYYY.debug
#include <fcntl.h>
#include <gelf.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "cli/symbolize/debug_files.h"
#include "cli/symbolize/elf_image.h"
#include "cli/symbolize/symbolizer.h"

namespace {

using track::Location;
using track::Module;
using track::symbolize::DebugFiles;
using track::symbolize::ElfImage;
using track::symbolize::FileRoot;
using track::symbolize::Options;
using track::symbolize::Symbolizer;

struct Seconds {
  double wall, cpu;
};

double now_s(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

Seconds seconds_of(const auto& work) {
  const double wall_s = now_s(CLOCK_MONOTONIC), cpu_s = now_s(CLOCK_PROCESS_CPUTIME_ID);
  work();
  return {now_s(CLOCK_MONOTONIC) - wall_s, now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu_s};
}

long peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

struct Extent {
  uint64_t start, size;
};

// The functions the binary's own and its debug file's symbol tables name.
void add_functions(Elf* elf, std::vector<Extent>& functions) {
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
    GElf_Shdr header;
    gelf_getshdr(section, &header);
    if (header.sh_type != SHT_SYMTAB) continue;
    Elf_Data* data = elf_getdata(section, nullptr);
    for (size_t i = 0; data && i < data->d_size / sizeof(Elf64_Sym); ++i) {
      GElf_Sym symbol;
      gelf_getsym(data, static_cast<int>(i), &symbol);
      if (GELF_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_shndx != SHN_UNDEF &&
          symbol.st_size > 0) {
        functions.push_back({symbol.st_value, symbol.st_size});
      }
    }
  }
}

std::vector<uint64_t> spread(const std::vector<Extent>& functions, size_t count) {
  uint64_t total = 0;
  for (const Extent& function : functions) total += function.size;
  std::vector<uint64_t> addresses;
  uint64_t before = 0, wanted = 0;
  for (const Extent& function : functions) {
    for (; wanted < before + function.size; wanted += total / count) {
      addresses.push_back(function.start + (wanted - before));
    }
    before += function.size;
  }
  return addresses;
}

void print(const Location& location) {
  std::printf("%#llx\n", static_cast<unsigned long long>(location.offset));
  for (const track::Frame& frame : location.frames) {
    std::printf("  %s%s %s:%u\n", frame.inlined ? "(inlined) " : "", frame.function.c_str(),
                frame.file.c_str(), frame.line);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: symbolize_bench FILE [N] [SYSROOT] [FRAMES-TO-PRINT]\n");
    return 2;
  }
  const size_t count = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 10000;
  Options options;
  if (argc > 3) options.sysroot = argv[3];
  const size_t shown = argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 0;

  std::string why = "cannot be opened";
  const int fd = FileRoot(options.sysroot).open(argv[1]);
  const auto image = fd < 0 ? nullptr : ElfImage::from_descriptor(fd, argv[1], why);
  if (!image) {
    std::fprintf(stderr, "symbolize_bench: %s: %s\n", argv[1], why.c_str());
    return 2;
  }
  Module module;
  module.path = argv[1];
  module.build_id = image->build_id();
  module.end = UINT64_MAX;
  std::vector<Extent> functions;
  add_functions(image->elf(), functions);
  std::vector<std::string> notes;
  if (functions.empty()) {
    const auto debug = DebugFiles(options).debug_file(image.get(), module.build_id, notes);
    if (debug) add_functions(debug->elf(), functions);
  }
  if (functions.empty()) {
    std::fprintf(stderr, "symbolize_bench: %s: no symbols and no debug file\n", argv[1]);
    return 2;
  }
  std::sort(functions.begin(), functions.end(),
            [](const Extent& a, const Extent& b) { return a.start < b.start; });
  const auto same = [](const Extent& a, const Extent& b) { return a.start == b.start; };
  functions.erase(std::unique(functions.begin(), functions.end(), same), functions.end());
  const std::vector<uint64_t> addresses = spread(functions, count);

  Symbolizer symbolizer({module}, options);
  std::vector<Location> locations;
  const Seconds first =
      seconds_of([&] { locations = symbolizer.resolve_all(addresses, 0, false); });
  const long first_mib = peak_mib();
  const Seconds again =
      seconds_of([&] { locations = symbolizer.resolve_all(addresses, 0, false); });

  size_t named = 0, lined = 0, frames = 0;
  for (size_t i = 0; i < locations.size(); ++i) {
    const Location& location = locations[i];
    if (shown && i % (locations.size() / shown + 1) == 0) print(location);
    frames += location.frames.size();
    if (location.frames.empty()) continue;
    named += !location.frames[0].function.empty();
    lined += location.frames[0].line != 0;
  }
  Symbolizer scattered({module}, options);
  const Seconds single = seconds_of([&] {
    for (size_t i = 0; i < addresses.size(); ++i) {
      scattered.resolve(addresses[i * 7919 % addresses.size()], 0, false);
    }
  });
  std::printf("%zu addresses: %zu named, %zu with a line, %zu frames\n", addresses.size(), named,
              lined, frames);
  std::printf("first %.3f s (cpu %.3f), peak %ld MiB; again %.3f s; one by one %.3f s (cpu %.3f)\n",
              first.wall, first.cpu, first_mib, again.wall, single.wall, single.cpu);
  for (const std::string& note : symbolizer.notes()) std::printf("note: %s\n", note.c_str());
  return 0;
}
