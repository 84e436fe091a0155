/* packet_list.h - frames in the order in which they came, linked through tp_packet.next. */
#ifndef TIMEPLANE_PACKET_LIST_H
#define TIMEPLANE_PACKET_LIST_H

#include "pipeline.h"

struct tp_packet_list {
  struct tp_packet *head;
  struct tp_packet *tail;
  uint32_t count;
};

static inline void tp_packet_list_push(struct tp_packet_list *list, struct tp_packet *packet) {
  packet->next = NULL;
  if (list->head == NULL) {
    list->head = packet;
  } else {
    list->tail->next = packet;
  }
  list->tail = packet;
  list->count++;
}

/* The oldest frame, or null. */
static inline struct tp_packet *tp_packet_list_pop(struct tp_packet_list *list) {
  struct tp_packet *packet = list->head;
  if (packet != NULL) {
    list->head = packet->next;
    list->count--;
    packet->next = NULL;
  }
  return packet;
}

/* Moves up to `limit` of the oldest frames to `burst`; returns how many. */
static inline uint32_t tp_packet_list_take(struct tp_packet_list *list, struct tp_packet **burst,
                                           uint32_t limit) {
  uint32_t count = 0;
  while (count < limit && list->head != NULL) {
    burst[count++] = tp_packet_list_pop(list);
  }
  return count;
}

#endif
