#include "link_port.h"
int tp_port_xdp_open(struct tp_engine *engine, const char *interface, enum tp_port_io io,
                     struct tp_port **out) {
  (void)interface;
  (void)io;
  (void)out;
  return tp_fail(engine, TP_E_SYSTEM, "not yet");
}
