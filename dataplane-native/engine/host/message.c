/* message.c - see message.h. */
#include "host/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "messages are written in host order, which must be little-endian"
#endif

int tp_message_pair(int32_t out[2]) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) {
    return TP_E_SYSTEM;
  }
  out[0] = pair[0];
  out[1] = pair[1];
  return TP_OK;
}

int tp_messages_open(struct tp_messages *messages, struct tp_stream *stream) {
  *messages = (struct tp_messages){.stream = stream};
  messages->buffer = malloc(TP_MESSAGE_BUFFER_OCTETS);
  return messages->buffer == NULL ? TP_E_NO_MEMORY : TP_OK;
}

void tp_messages_close(struct tp_messages *messages) {
  free(messages->buffer);
  *messages = (struct tp_messages){0};
}

static bool is_listening(const struct tp_stream *stream) {
  return stream->fd >= 0 && __atomic_load_n(&stream->is_closed, __ATOMIC_RELAXED) == 0;
}

bool tp_messages_put(struct tp_messages *messages, enum tp_message_kind kind, const void *first,
                     uint32_t first_octets, const void *second, uint32_t second_octets) {
  const struct tp_message_header header = {.kind = (uint32_t)kind,
                                           .octets = first_octets + second_octets};
  if (!is_listening(messages->stream) ||
      messages->end + sizeof header + header.octets > TP_MESSAGE_BUFFER_OCTETS) {
    return false;
  }
  uint8_t *to = messages->buffer + messages->end;
  memcpy(to, &header, sizeof header);
  if (first_octets != 0) {
    memcpy(to + sizeof header, first, first_octets);
  }
  if (second_octets != 0) {
    memcpy(to + sizeof header + first_octets, second, second_octets);
  }
  messages->end += (uint32_t)sizeof header + header.octets;
  return true;
}

/* Writes what the host takes now. */
static void write_out(struct tp_messages *messages) {
  struct tp_stream *stream = messages->stream;
  while (messages->start != messages->end) {
    const ssize_t sent = send(stream->fd, messages->buffer + messages->start,
                              messages->end - messages->start, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      messages->start += (uint32_t)sent;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno != EINTR) {
      __atomic_store_n(&stream->is_closed, 1, __ATOMIC_RELAXED);
      messages->start = messages->end;
    }
  }
}

/* Moves the boundary to the first message that is not written to its end. Whether `start` is there:
 * nothing is written in part. */
static bool find_boundary(struct tp_messages *messages) {
  uint32_t next = messages->boundary;
  while (next <= messages->start) {
    messages->boundary = next;
    if (next == messages->end) {
      break;
    }
    struct tp_message_header header;
    memcpy(&header, messages->buffer + next, sizeof header);
    next += (uint32_t)sizeof header + header.octets;
  }
  return messages->boundary == messages->start;
}

void tp_messages_flush(struct tp_messages *messages) {
  struct tp_stream *stream = messages->stream;
  if (!tp_messages_waiting(messages) || !tp_spin_try(&stream->lock)) {
    return;
  }
  if (stream->owner == NULL || stream->owner == messages) {
    write_out(messages);
    stream->owner = find_boundary(messages) ? NULL : messages;
  }
  tp_spin_unlock(&stream->lock);
  if (messages->boundary != 0) {
    memmove(messages->buffer, messages->buffer + messages->boundary,
            messages->end - messages->boundary);
    messages->start -= messages->boundary;
    messages->end -= messages->boundary;
    messages->boundary = 0;
  }
}
