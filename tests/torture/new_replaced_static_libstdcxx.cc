// what: replaced operators before a static libstdc++
// flags: -DREPLACE_NEW -static-libstdc++ -rdynamic
#include "tests/torture/replaced.h"
