// A plugin whose only function has a frame of TRACK_PLUGIN_FRAME bytes: built twice, it gives two
// libraries with the same addresses and different unwind rules.
extern "C" __attribute__((visibility("default"))) void unwind_plugin_call(void (*callee)(void*),
                                                                          void* argument) {
  char block[TRACK_PLUGIN_FRAME];
  asm volatile("" ::"r"(block) : "memory");
  callee(argument);
  asm volatile("" ::"r"(block) : "memory");
}
