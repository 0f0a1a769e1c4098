// what: no operator replaced
// flags: -DREPLACE_NONE
#include "tests/torture/replaced.h"
