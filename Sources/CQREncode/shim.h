#ifndef DR_CQRENCODE_SHIM_H
#define DR_CQRENCODE_SHIM_H

#include <qrencode.h>

#endif
