/* link_events.h - the kernel says when an interface comes or goes, so that nobody waits for the
 * next look at it. */
#ifndef TIMEPLANE_LINK_EVENTS_H
#define TIMEPLANE_LINK_EVENTS_H

#include <stdbool.h>

/* A descriptor that is readable when links have changed; -1: the kernel tells nothing, and looking
 * at intervals has to do. */
int tp_link_events_open(void);

/* Reads all that there is. Whether there was anything. */
bool tp_link_events_drain(int fd);

#endif
