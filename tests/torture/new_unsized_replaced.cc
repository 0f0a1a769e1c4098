// what: operator new and only the unsized delete replaced
// flags: -DREPLACE_NEW_ONLY_UNSIZED
#include "tests/torture/replaced.h"
