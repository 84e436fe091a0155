// The program that follows conformance.p4: a table and cells more, other entries of its own, less room.
#define NEXT
#include "conformance.p4"
