/* message.c - see message.h. */
#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

int tp_messages_open(struct tp_messages *messages, int fd) {
  *messages = (struct tp_messages){.fd = fd};
  messages->buffer = malloc(TP_MESSAGE_BUFFER_OCTETS);
  return messages->buffer == NULL ? TP_E_NO_MEMORY : TP_OK;
}

void tp_messages_close(struct tp_messages *messages) {
  if (messages->fd >= 0) {
    close(messages->fd);
  }
  free(messages->buffer);
  *messages = (struct tp_messages){.fd = -1};
}

bool tp_messages_put(struct tp_messages *messages, enum tp_message_kind kind, const void *first,
                     uint32_t first_octets, const void *second, uint32_t second_octets) {
  const struct tp_message_header header = {.kind = (uint32_t)kind,
                                           .octets = first_octets + second_octets};
  if (messages->fd < 0 ||
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

void tp_messages_flush(struct tp_messages *messages) {
  while (messages->start != messages->end) {
    const ssize_t sent = send(messages->fd, messages->buffer + messages->start,
                              messages->end - messages->start, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      messages->start += (uint32_t)sent;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno != EINTR) {
      close(messages->fd); /* the host is gone */
      messages->fd = -1;
      messages->start = messages->end;
    }
  }
  if (messages->start != 0) {
    memmove(messages->buffer, messages->buffer + messages->start, messages->end - messages->start);
    messages->end -= messages->start;
    messages->start = 0;
  }
}
