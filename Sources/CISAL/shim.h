#ifndef DR_CISAL_SHIM_H
#define DR_CISAL_SHIM_H

#include <isa-l.h>

// Sizes that are sums behind macros, which Swift does not import.
enum { dr_isal_level1_buffer = ISAL_DEF_LVL1_DEFAULT, dr_isal_level3_buffer = ISAL_DEF_LVL3_DEFAULT };

#endif
