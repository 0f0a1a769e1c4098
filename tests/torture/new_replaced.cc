// what: operator new and delete replaced by the program
// flags: -DREPLACE_NEW
#include "tests/torture/replaced.h"
