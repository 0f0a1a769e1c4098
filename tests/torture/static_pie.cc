// what: a static binary: the preload cannot work, the program must
// flags: -static-pie
#include "tests/torture/replaced.h"
