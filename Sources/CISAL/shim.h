#ifndef DR_CISAL_SHIM_H
#define DR_CISAL_SHIM_H

#include <isa-l.h>

#endif
