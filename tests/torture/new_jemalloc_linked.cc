// what: the program is linked with jemalloc
// flags: -ljemalloc
#include "tests/torture/replaced.h"
