/* link_settings.h - what of an interface's settings a port needs otherwise, and how it goes back.
 */
#ifndef TIMEPLANE_LINK_SETTINGS_H
#define TIMEPLANE_LINK_SETTINGS_H

#include "engine.h"
#include "link/system_calls.h"

/* See tp_link_settle and tp_link_restore in engine.h, which call these with the kernel. */
int tp_link_settings_settle(const struct tp_system_calls *calls, const char *interface, uint32_t io,
                            uint32_t stamps, uint64_t before[TP_LINK_SETTING_COUNT], char *remark,
                            uint32_t remark_octets);
int tp_link_settings_restore(const struct tp_system_calls *calls, const char *interface,
                             const uint64_t before[TP_LINK_SETTING_COUNT]);

#endif
