// Core files: what `track hang core.4711` reads. One seed is a real one, of a program that waits;
// so is the heap in it.
#include <elf.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "cli/model/error.h"
#include "cli/process/image.h"
#include "cli/verbs/untracked.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/core_builder.h"

namespace track::fuzz {
namespace {

// `cat` that waits for its input, as the kernel would write it.
std::string core_of_cat() {
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[0], 0);
    close(ends[1]);
    execl("/bin/cat", "cat", static_cast<char*>(nullptr));
    _exit(127);
  }
  close(ends[0]);
  std::string core;
  // Until it has executed `cat` and waits.
  for (int look = 0; core.empty() && look < 100000; ++look) {
    const ProcessImage image = process::stop_process(child);
    if (image.program.ends_with("/cat") && !image.threads.empty() &&
        image.threads.front().in_system_call && image.threads.front().system_call == 0 &&
        image.threads.front().arguments[0] == 0)
      core = test::CoreBuilder(image, false).bytes();
  }
  close(ends[1]);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return core;
}

struct FewPages : ImageMemory {
  std::string bytes = std::string(3 * 4096, '\0');
  static constexpr uint64_t kStart = 0x400000;
  size_t read_some(uint64_t address, void* to, size_t count) const override {
    if (address < kStart || address >= kStart + bytes.size()) return 0;
    count = std::min<size_t>(count, kStart + bytes.size() - address);
    std::memcpy(to, bytes.data() + (address - kStart), count);
    return count;
  }
};

// Three pages: a program's head, its data, and two threads' stacks.
std::string small_core() {
  auto memory = std::make_shared<FewPages>();
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_machine = EM_X86_64;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 1;
  Elf64_Phdr segment{};
  segment.p_type = PT_LOAD;
  segment.p_memsz = segment.p_filesz = 4096;
  std::memcpy(memory->bytes.data(), &header, sizeof header);
  std::memcpy(memory->bytes.data() + sizeof header, &segment, sizeof segment);
  ProcessImage image;
  image.pid = 900;
  image.program = "/fuzz/program";
  for (uint64_t page = 0; page < 3; ++page) {
    Mapping mapping;
    mapping.start = FewPages::kStart + page * 4096;
    mapping.end = mapping.start + 4096;
    mapping.readable = true;
    mapping.executable = page == 0;
    mapping.writable = page != 0;
    if (page == 0) mapping.path = image.program;
    image.mappings.push_back(mapping);
  }
  for (int32_t tid = 900; tid < 902; ++tid) {
    ImageThread thread;
    thread.tid = tid;
    thread.has_registers = thread.in_system_call = true;
    thread.system_call = 202;  // futex
    thread.registers.whole = true;
    thread.registers[Registers::rip] = FewPages::kStart + 0x200;
    thread.registers[Registers::rsp] = FewPages::kStart + 0x2000 + 0x400 * (tid - 899);
    thread.registers[Registers::rdi] = FewPages::kStart + 0x1010;
    thread.fs_base = FewPages::kStart + 0x2f00;
    image.threads.push_back(thread);
  }
  image.memory = memory;
  return test::CoreBuilder(image, true).bytes();
}

// Terabytes of which the process had reserved no more than the addresses: nobody may walk through
// them page by page.
std::string reserving(std::string core) {
  Elf64_Ehdr header{};
  std::memcpy(&header, core.data(), sizeof header);
  for (uint16_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    char* const at = core.data() + header.e_phoff + i * sizeof segment;
    std::memcpy(&segment, at, sizeof segment);
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) == 0) continue;
    segment.p_memsz = uint64_t{1} << 46;
    std::memcpy(at, &segment, sizeof segment);
  }
  return core;
}

}  // namespace

std::vector<std::string> seeds() {
  std::vector<std::string> cores = {small_core(), reserving(small_core())};
  try {
    const std::string real = core_of_cat();
    cores.push_back(real);
    cores.push_back(reserving(real));
  } catch (const Error&) {
    // Where nothing may be traced.
  }
  return cores;
}

}  // namespace track::fuzz

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned seed) {
  using namespace track::fuzz;
  Elf64_Ehdr header;
  if (seed % 8 == 0 || size < 8192) return LLVMFuzzerMutate(data, size, most);
  std::memcpy(&header, data, sizeof header);
  // The headers and the notes stand in front; then comes memory.
  const uint64_t heads = sizeof header + header.e_phnum * sizeof(Elf64_Phdr) + 4096;
  const uint64_t limit = seed % 2 == 0 ? std::min<uint64_t>(heads, size) : size;
  const uint64_t from = seed / 8 * 2654435761u % limit;
  mutate_part(data, from, std::min<uint64_t>(limit - from, 64));
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace track;
  const fuzz::InputFile file(data, size);
  verbs::SymbolSettings settings;
  settings.memory = true;
  fuzz::allow_refusal([&] {
    std::vector<Loaded> all;
    all.push_back(verbs::load_core(file.path(), settings, true));
    fuzz::use_loaded(std::move(all), data, size);
  });
  return 0;
}
