// what: a plain C program opens a plug-in with a C++ runtime of its own; its new must throw
// plugins: own_cxx -static-libstdc++ -static-libgcc
#include <dlfcn.h>
#include <stdio.h>

int main(void) {
  for (int i = 0; i < 3; ++i) {
    void* handle = dlopen("$ORIGIN/own_cxx.so", RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
      printf("%s\n", dlerror());
      return 1;
    }
    int (*work)(void) = (int (*)(void))dlsym(handle, "own_cxx_work");
    printf("seen %d\n", work());
    printf("closed %d\n", dlclose(handle));
  }
}
