// what: a plain C program opens a C++ plug-in, which brings libstdc++ along, out of the global scope
// plugins: cxx
#include <dlfcn.h>
#include <stdio.h>

int main(void) {
  for (int i = 0; i < 3; ++i) {
    void* handle = dlopen("$ORIGIN/cxx.so", RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
      printf("%s\n", dlerror());
      return 1;
    }
    int (*work)(void) = (int (*)(void))dlsym(handle, "cxx_work");
    printf("good %d\n", work());
    printf("closed %d\n", dlclose(handle));
  }
}
