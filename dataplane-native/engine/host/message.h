/*
 * message.h - messages to the host. Each loop gathers its own in a buffer and writes them to the
 * stream, which all loops share, at the end of a round. A message has room in the buffer or is
 * dropped and counted; the stream never holds part of one, nor one inside another: while a loop has
 * written a message in part only, the stream is that loop's until it has written the rest.
 */
#ifndef TIMEPLANE_MESSAGE_H
#define TIMEPLANE_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine.h"
#include "loop/spin.h"

#define TP_MESSAGE_BUFFER_OCTETS (512u * 1024u)

struct tp_messages;

struct tp_stream {
  int fd;                          /* -1: nobody listens */
  uint32_t is_closed;              /* the host is gone; set once, read without the lock */
  struct tp_spin lock;             /* of writing, and of `owner` */
  const struct tp_messages *owner; /* has written part of a message; null: nobody has */
};

struct tp_messages {
  struct tp_stream *stream;
  uint8_t *buffer;
  uint32_t start;    /* octets before it are written */
  uint32_t boundary; /* of the first message that is not written to its end */
  uint32_t end;
};

/* TP_E_NO_MEMORY. */
int tp_messages_open(struct tp_messages *messages, struct tp_stream *stream);
void tp_messages_close(struct tp_messages *messages);

/* Adds a message of `octets` in two parts; false: dropped. */
bool tp_messages_put(struct tp_messages *messages, enum tp_message_kind kind, const void *first,
                     uint32_t first_octets, const void *second, uint32_t second_octets);
/* Writes what the host takes now, unless another loop is writing. */
void tp_messages_flush(struct tp_messages *messages);

static inline bool tp_messages_waiting(const struct tp_messages *messages) {
  return messages->end != messages->start;
}

#endif
