// what: only operator new[] and delete[] replaced
// flags: -DREPLACE_ARRAY
#include "tests/torture/replaced.h"
