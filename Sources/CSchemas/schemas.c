#include "CSchemas.h"

// Swift cannot include a file. A literal of all its bytes would take the compiler minutes.
#pragma clang diagnostic ignored "-Wc23-extensions"
static const unsigned char output_schema[] = {
#embed "../../docs/output.schema.json"
};

const unsigned char *dr_output_schema(size_t *count) {
    *count = sizeof output_schema;
    return output_schema;
}
