#ifndef DR_CHARU_SHIM_H
#define DR_CHARU_SHIM_H

#include <hpdf.h>

#endif
