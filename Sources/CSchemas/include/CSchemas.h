#ifndef DR_CSCHEMAS_H
#define DR_CSCHEMAS_H

#include <stddef.h>

/// The text of docs/output.schema.json, which is compiled in. It is not terminated, and stays as long as the program.
const unsigned char *_Nonnull dr_output_schema(size_t *_Nonnull count);

#endif
