// what: only the aligned operators new and delete replaced
// flags: -DREPLACE_ALIGNED
#include "tests/torture/replaced.h"
