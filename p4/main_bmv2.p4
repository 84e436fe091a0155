/*
 * main_bmv2.p4: the transparent clock for simple_switch and any other v1model target.
 */
#include <core.p4>
#include <v1model.p4>

#include "arch/time_bmv2.p4"
#include "arch/events_bmv2.p4"
#include "arch/v1model_package.p4"
