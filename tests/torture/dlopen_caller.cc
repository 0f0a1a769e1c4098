// what: dlopen searches by its caller's RUNPATH and $ORIGIN; errors and dlmopen work as without us
// plugins: counter; runpath -Wl,-rpath,$ORIGIN -Wl,--enable-new-dtags
#include <dlfcn.h>

#include "tests/torture/check.h"

int main() {
  void* bad = dlopen("/does/not/exist.so", RTLD_NOW);
  SHOW(bad == nullptr);
  printf("%s\n", dlerror());
  SHOW(dlopen("counter.so", RTLD_NOW) == nullptr);
  void* handle = dlopen("$ORIGIN/runpath.so", RTLD_NOW);
  SHOW(handle != nullptr);
  const auto open = reinterpret_cast<int (*)()>(dlsym(handle, "open_neighbour"));
  SHOW(open());
  SHOW(dlclose(handle));
  SHOW(dlopen(nullptr, RTLD_NOW) != nullptr);
  void* apart = dlmopen(LM_ID_NEWLM, "$ORIGIN/counter.so", RTLD_NOW);
  if (apart == nullptr) apart = dlmopen(LM_ID_NEWLM, "libm.so.6", RTLD_NOW);
  SHOW(apart != nullptr);
  if (apart != nullptr) {
    Lmid_t space = 0;
    SHOW(dlinfo(apart, RTLD_DI_LMID, &space));
    SHOW(space != LM_ID_BASE);
    const auto work = reinterpret_cast<int (*)(int)>(dlsym(apart, "plugin_work"));
    if (work != nullptr) SHOW(work(7));
    SHOW(dlclose(apart));
  }
  void* bound = dlopen("$ORIGIN/counter.so", RTLD_NOW | RTLD_DEEPBIND);
  SHOW(bound != nullptr);
  SHOW(reinterpret_cast<int (*)(int)>(dlsym(bound, "plugin_work"))(3));
  SHOW(dlclose(bound));
}
