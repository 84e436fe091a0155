/* privileges.h - capabilities that the process holds, and how it gives them up in all its threads.
 */
#ifndef TIMEPLANE_PRIVILEGES_H
#define TIMEPLANE_PRIVILEGES_H

#include <stdbool.h>
#include <stdint.h>

/* Gives up what is not in `keep`, in every thread and for every program that the process will run.
 * False: some thread did not follow; tp_privileges_held (engine.h) tells what is left. */
bool tp_privileges_keep(uint64_t keep);

#endif
