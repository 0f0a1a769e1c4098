// what: only the nothrow operators replaced
// flags: -DREPLACE_NOTHROW
#include "tests/torture/replaced.h"
