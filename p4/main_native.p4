/*
 * main_native.p4: the transparent clock for the embedded switch: v1model, with nanoseconds.
 */
#include <core.p4>
#include <v1model.p4>

#include "arch/time_native.p4"
#include "arch/events_native.p4"
#include "arch/v1model_package.p4"
