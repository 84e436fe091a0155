/*
 * message.h - messages to the host, gathered in a buffer and written at the end of a round. A
 * message has room in the buffer or is dropped and counted; the stream never holds part of one.
 */
#ifndef TIMEPLANE_MESSAGE_H
#define TIMEPLANE_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine.h"

#define TP_MESSAGE_BUFFER_OCTETS (512u * 1024u)

struct tp_messages {
  int fd; /* -1: nobody listens */
  uint8_t *buffer;
  uint32_t start; /* octets before it are written */
  uint32_t end;
};

/* Takes `fd` over. TP_E_NO_MEMORY. */
int tp_messages_open(struct tp_messages *messages, int fd);
void tp_messages_close(struct tp_messages *messages);

/* Adds a message of `octets` in two parts; false: dropped. */
bool tp_messages_put(struct tp_messages *messages, enum tp_message_kind kind, const void *first,
                     uint32_t first_octets, const void *second, uint32_t second_octets);
/* Writes what the host takes now. */
void tp_messages_flush(struct tp_messages *messages);

static inline bool tp_messages_waiting(const struct tp_messages *messages) {
  return messages->end != messages->start;
}

#endif
