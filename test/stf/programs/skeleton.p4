// What every program here needs and none is about: v1model with empty checksums.
#ifndef SKELETON_P4
#define SKELETON_P4

#include <core.p4>
#include <v1model.p4>

struct no_metadata_t {}

// A program defines headers_t, metadata_t and its parser, ingress, egress and deparser, and ends with
// SWITCH(parser, ingress, egress, deparser), or makes the package itself.
#define SWITCH(p, i, e, d)                                                                    \
    control no_verify(inout headers_t h, inout metadata_t m) { apply {} }                      \
    control no_compute(inout headers_t h, inout metadata_t m) { apply {} }                     \
    V1Switch(p(), no_verify(), i(), e(), no_compute(), d()) main;

#define NO_EGRESS(name)                                                                        \
    control name(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) { apply {} }

#endif
