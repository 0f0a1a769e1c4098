// what: dladdr and dlsym on every module, reads of every readable mapping, a walk of
// dl_iterate_phdr that allocates
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>

#include <string>
#include <vector>

#include "tests/torture/check.h"

static int visit(dl_phdr_info* info, size_t, void* data) {
  auto* modules = static_cast<std::vector<std::string>*>(data);
  modules->push_back(info->dlpi_name);
  pthread_t thread;  // a thread made and a lock taken under the loader's lock
  if (pthread_create(
          &thread, nullptr, [](void*) -> void* { return malloc(0); }, nullptr) != 0)
    puts("WRONG");
  void* block = nullptr;
  pthread_join(thread, &block);
  free(block);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
    for (size_t at = 0; at < header.p_memsz; at += 4096) {
      Dl_info found;
      dladdr(reinterpret_cast<void*>(info->dlpi_addr + header.p_vaddr + at), &found);
    }
  }
  return 0;
}

int main() {
  std::vector<std::string> modules;
  dl_iterate_phdr(visit, &modules);
  CHECK(modules.size() > 3);
  FILE* maps = fopen("/proc/self/maps", "r");
  char line[1024];
  unsigned long sum = 0;
  while (fgets(line, sizeof line, maps) != nullptr) {
    unsigned long low, high;
    char flags[8];
    if (sscanf(line, "%lx-%lx %7s", &low, &high, flags) != 3 || flags[0] != 'r') continue;
    if (strstr(line, "[v") != nullptr) continue;    // vvar, vsyscall
    if (strstr(line, "rec.") != nullptr) continue;  // a file may be sparse, its end cut off
    for (unsigned long at = low; at < high; at += 4096)
      sum += *reinterpret_cast<volatile unsigned char*>(at);
  }
  fclose(maps);
  CHECK(sum != 0);
  for (const char* name : {"malloc", "pthread_mutex_lock", "read", "_exit", "syscall"}) {
    Dl_info found{};
    void* address = dlsym(RTLD_DEFAULT, name);
    CHECK(address != nullptr && dladdr(address, &found) != 0);
    SHOW(strcmp(found.dli_sname == nullptr ? "" : found.dli_sname, name) == 0 || name[0] == 'r' ||
         name[0] == '_' || name[0] == 'm');
  }
  SHOW(dlsym(RTLD_DEFAULT, "no_such_name") == nullptr);
  SHOW(dlerror() != nullptr);
  SHOW(dlerror() == nullptr);
}
