// A module that tests open and close.
extern "C" int plugin_run(int n) {
  return n * 3 + 1;
}
