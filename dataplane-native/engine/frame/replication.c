/*
 * replication.c - the traffic manager: what becomes of a frame after ingress and after egress. The
 * order of the requests is simple_switch's:
 *
 *   after ingress: clone, resubmit, multicast, drop, unicast
 *   after egress:  clone, drop, (deparser), recirculate, transmit
 */
#include <string.h>

#include "engine_state.h"
#include "frame/checksum.h"

#define MICROSECONDS(ns) (((ns) / 1000) & TP_TIME_MASK)
#define DEPTH_MASK       0x7ffffu /* enq_qdepth is bit<19> */

static void take_contents(struct tp_packet *to, const struct tp_packet *from) {
  to->data = to->buffer + (from->data - from->buffer);
  to->length = from->length;
  to->payload_offset = from->payload_offset;
  to->passes = from->passes;
  to->rx_time_ns = from->rx_time_ns;
  to->sm = from->sm;
  memcpy(to->data, from->data, from->length);
}

/* The same frame once more, metadata and all, to be cut as it. */
static struct tp_packet *copy_packet(struct tp_loop *loop, const struct tp_packet *from) {
  struct tp_packet *to = tp_pool_take(&loop->pool);
  if (to == NULL) {
    tp_loop_count(loop, TP_ENGINE_DROPPED_NO_BUFFER);
    return NULL;
  }
  take_contents(to, from);
  to->grown_octets = from->grown_octets;
  to->truncate_plus1 = from->truncate_plus1;
  memcpy(to->phv, from->phv, loop->ops->phv_copied_octets);
  return to;
}

/* Into the queue of a port of this loop. */
static inline void enqueue_here(struct tp_loop *loop, struct tp_port *port,
                                struct tp_packet *packet) {
  packet->sm.enq_qdepth = port->queue.frames & DEPTH_MASK;
  /* One congested port must leave buffers to the others. */
  const bool is_hog = port->queue.frames > tp_pool_available(&loop->pool);
  if (is_hog || !tp_queue_put(&port->queue, packet, loop->schedule_ns)) {
    tp_port_count(port, TP_PORT_TX_QUEUE_FULL, 1);
    tp_pool_give(&loop->pool, packet);
  }
}

/* Where frames go that have no port. It takes its turns from the first of them on. */
static __attribute__((noinline)) void enqueue_nowhere(struct tp_loop *loop,
                                                      struct tp_packet *packet) {
  if (!loop->is_nowhere_used) {
    loop->is_nowhere_used = true;
    loop->active[loop->active_count++] = loop->nowhere;
  }
  enqueue_here(loop, loop->nowhere, packet);
}

static __attribute__((noinline)) void enqueue_there(struct tp_loop *loop, struct tp_loop *there,
                                                    struct tp_packet *packet) {
  if (!tp_outbox_put(loop, there, packet)) {
    tp_loop_drop(loop, packet, TP_ENGINE_DROPPED_INBOX_FULL);
  }
}

/* Into the queue of port `number`, wherever that is. */
static inline void forward(struct tp_loop *loop, struct tp_packet *packet, uint32_t number) {
  struct tp_port *port = number < TP_PORT_COUNT ? loop->engine->ports[number] : NULL;
  if (__builtin_expect(port == NULL, 0)) {
    enqueue_nowhere(loop, packet);
  } else if (loop->engine->homes[number] == loop) {
    enqueue_here(loop, port, packet);
  } else {
    enqueue_there(loop, loop->engine->homes[number], packet);
  }
}

static void enqueue(struct tp_loop *loop, struct tp_packet *packet, uint32_t number) {
  loop->copies++;
  const uint64_t now_ns = loop->view.now_ns;
  packet->enqueued_ns = now_ns;
  packet->sm.egress_port = (uint16_t)number;
  packet->sm.enq_timestamp = (uint32_t)(now_ns / 1000);
  forward(loop, packet, number);
}

/* A frame of another loop. Its port may have gone meanwhile, or gone to a third one. */
static void enqueue_arrived(struct tp_loop *loop, struct tp_packet *packet) {
  forward(loop, packet, packet->sm.egress_port);
}

uint32_t tp_enqueue_arrived(struct tp_loop *loop, uint32_t limit) {
  return tp_inbox_drain(loop, limit, enqueue_arrived);
}

/* The replica itself, or the first of those that stand in for it whose link is up. */
static const struct tp_replica *choose_replica(const struct tp_loop *loop,
                                               const struct tp_replica *replica) {
  for (uint32_t i = 0; replica->backup_count != 0 && i <= replica->backup_count; i++) {
    if (__atomic_load_n(&loop->engine->links[replica[i].port], __ATOMIC_RELAXED) != 0) {
      return &replica[i];
    }
  }
  return replica;
}

/* One copy for each replica; the last is the packet itself. */
static void replicate(struct tp_loop *loop, struct tp_packet *packet,
                      const struct tp_replicas *replicas, enum tp_instance_type type) {
  packet->sm.instance_type = type;
  for (uint32_t i = 0; i < replicas->count;) {
    const struct tp_replica *replica = choose_replica(loop, &replicas->list[i]);
    i += 1u + replicas->list[i].backup_count;
    const bool is_last = i == replicas->count;
    struct tp_packet *copy = is_last ? packet : copy_packet(loop, packet);
    if (copy != NULL) {
      copy->sm.egress_rid = replica->instance;
      enqueue(loop, copy, replica->port);
    }
  }
}

static const struct tp_replicas *session_of(struct tp_loop *loop,
                                            const struct tp_requests *requests) {
  const uint32_t session = requests->clone_session_plus1 - 1;
  const struct tp_replicas *replicas =
      session < TP_SESSION_COUNT ? loop->engine->sessions[session] : NULL;
  if (replicas == NULL) {
    tp_loop_count(loop, TP_ENGINE_DROPPED_NO_SESSION);
  }
  return replicas;
}

/* A packet for a clone of `from`, with its frame, and of its metadata what the clone's field list
 * names, standard metadata too, as in simple_switch. Null where there is no buffer. */
static struct tp_packet *begin_clone(struct tp_loop *loop, const struct tp_packet *from,
                                     enum tp_instance_type type) {
  struct tp_packet *clone = tp_pool_take(&loop->pool);
  if (clone == NULL) {
    tp_loop_count(loop, TP_ENGINE_DROPPED_NO_BUFFER);
    return NULL;
  }
  take_contents(clone, from);
  clone->sm = (struct tp_standard_metadata){.packet_length = from->length, .instance_type = type};
  /* Without a list it is UINT32_MAX, which is none. */
  loop->ops->preserve(clone, from, from->requests.clone_field_list_plus1 - 1);
  return clone;
}

static void send_clone(struct tp_loop *loop, struct tp_packet *clone,
                       const struct tp_replicas *session, enum tp_instance_type type) {
  clone->sm.priority = (uint8_t)session->class_of_service;
  if (session->packet_octets != 0 && session->packet_octets < UINT16_MAX) {
    clone->truncate_plus1 = (uint16_t)(session->packet_octets + 1);
  }
  replicate(loop, clone, session, type);
}

/* Clones the frame as it was received; its headers are parsed anew. */
static void clone_received(struct tp_loop *loop, const struct tp_packet *from) {
  const enum tp_instance_type type = TP_INSTANCE_CLONE_I2E;
  const struct tp_replicas *session = session_of(loop, &from->requests);
  struct tp_packet *clone = session == NULL ? NULL : begin_clone(loop, from, type);
  if (clone == NULL) {
    return;
  }
  /* The parser knows the port, as it did the first time; egress does not, nor what the parser met.
   */
  const struct tp_standard_metadata preserved = clone->sm;
  clone->sm.ingress_port = from->sm.ingress_port;
  loop->ops->parse(&loop->view, clone, from->requests.clone_field_list_plus1 != 0);
  clone->sm = preserved;
  send_clone(loop, clone, session, type);
}

/* Clones frame and headers as egress left them. */
void tp_clone_egress(struct tp_pipeline *view, struct tp_packet *from) {
  struct tp_loop *loop = view->context;
  const enum tp_instance_type type = TP_INSTANCE_CLONE_E2E;
  const struct tp_replicas *session = session_of(loop, &from->requests);
  struct tp_packet *clone = session == NULL ? NULL : begin_clone(loop, from, type);
  if (clone == NULL) {
    return;
  }
  clone->grown_octets = from->grown_octets;
  loop->ops->copy_headers(clone, from);
  send_clone(loop, clone, session, type);
}

/*
 * Sends a packet to ingress again: a fresh packet takes over the frame's memory, and of the
 * metadata what field list `list_plus1` names: even the port it came by is zero else, as in
 * simple_switch. Null, and the packet dropped, when it loops.
 */
static struct tp_packet *make_again(struct tp_loop *loop, struct tp_packet *from,
                                    uint32_t list_plus1, enum tp_instance_type type) {
  if (from->passes >= TP_PASS_LIMIT) {
    tp_loop_drop(loop, from, TP_ENGINE_DROPPED_LOOPS);
    return NULL;
  }
  struct tp_packet *again = tp_pool_take(&loop->pool);
  if (again == NULL) {
    tp_loop_drop(loop, from, TP_ENGINE_DROPPED_NO_BUFFER);
    return NULL;
  }
  uint8_t *spare = again->buffer;
  again->buffer = from->buffer;
  again->data = from->data;
  again->length = from->length;
  again->rx_time_ns = from->rx_time_ns;
  again->passes = (uint16_t)(from->passes + 1);
  if (list_plus1 != 0) {
    loop->ops->preserve(again, from, list_plus1 - 1);
  }
  again->sm.packet_length = from->length;
  again->sm.instance_type = type;
  from->buffer = spare;
  tp_pool_give(&loop->pool, from);
  return again;
}

/* Of several lengths the shortest counts. */
static void note_truncation(struct tp_packet *packet) {
  const uint16_t asked = packet->requests.truncate_plus1;
  if (asked != 0 && (packet->truncate_plus1 == 0 || asked < packet->truncate_plus1)) {
    packet->truncate_plus1 = asked;
  }
}

/* True, and the frame is dropped, where an assertion of the program failed. */
static inline bool has_failed(struct tp_loop *loop, struct tp_packet *packet) {
  if (__builtin_expect(packet->requests.failed_assertion_plus1 == 0, 1)) {
    return false;
  }
  tp_tell_assertion(loop, packet);
  tp_loop_drop(loop, packet, TP_ENGINE_DROPPED_BY_ASSERTION);
  return true;
}

static void route(struct tp_loop *loop, struct tp_packet *packet) {
  if (packet->sm.mcast_grp != 0) {
    const struct tp_replicas *group = loop->engine->groups[packet->sm.mcast_grp];
    if (group == NULL) {
      tp_loop_drop(loop, packet, TP_ENGINE_DROPPED_NO_GROUP);
    } else {
      /* As in simple_switch, whose copies forget what `truncate` asked for. */
      packet->truncate_plus1 = 0;
      replicate(loop, packet, group, TP_INSTANCE_REPLICATED);
    }
  } else if (packet->sm.egress_spec == TP_PORT_DROP) {
    if (packet->requests.clone) {
      tp_pool_give(&loop->pool, packet); /* it lives on as its clone */
    } else {
      tp_loop_drop(loop, packet, TP_ENGINE_DROPPED_BY_PROGRAM);
    }
  } else {
    /* As simple_switch has it: egress does not see that a frame was resubmitted or recirculated. */
    packet->sm.instance_type = TP_INSTANCE_NORMAL;
    enqueue(loop, packet, packet->sm.egress_spec);
  }
}

static void run_ingress(struct tp_loop *loop, struct tp_packet *packet, bool keep_metadata) {
  const struct tp_pipeline_ops *ops = loop->ops;
  for (;;) {
    ops->ingress(&loop->view, packet, keep_metadata);
    if (has_failed(loop, packet)) {
      return;
    }
    note_truncation(packet);
    if (packet->requests.clone) {
      clone_received(loop, packet);
    }
    if (!packet->requests.resubmit) {
      route(loop, packet);
      return;
    }
    const uint32_t list_plus1 = packet->requests.resubmit_field_list_plus1;
    packet = make_again(loop, packet, list_plus1, TP_INSTANCE_RESUBMITTED);
    if (packet == NULL) {
      return;
    }
    keep_metadata = list_plus1 != 0;
  }
}

void tp_ingress_frame(struct tp_loop *loop, struct tp_port *port, struct tp_packet *packet) {
  tp_port_count(port, TP_PORT_RX_FRAMES, 1);
  tp_port_count(port, TP_PORT_RX_OCTETS, packet->length);
  if (loop->ops == NULL) {
    tp_loop_drop(loop, packet, TP_ENGINE_DROPPED_NO_PIPELINE);
    return;
  }
  packet->sm.ingress_port = (uint16_t)port->number;
  packet->sm.packet_length = packet->length;
  packet->sm.instance_type = TP_INSTANCE_NORMAL;
  packet->sm.ingress_global_timestamp = MICROSECONDS(packet->rx_time_ns);
  run_ingress(loop, packet, false);
}

uint32_t tp_ingress_recirculated(struct tp_loop *loop) {
  /* Those that these make come in the next round. */
  struct tp_packet_list list = loop->recirculated;
  loop->recirculated = (struct tp_packet_list){0};
  const uint32_t count = list.count;
  struct tp_packet *packet;
  while ((packet = tp_packet_list_pop(&list)) != NULL) {
    const bool keep_metadata = packet->requests.recirculate_field_list_plus1 != 0;
    packet->requests = (struct tp_requests){0};
    run_ingress(loop, packet, keep_metadata);
  }
  return count;
}

static void recirculate(struct tp_loop *loop, struct tp_packet *packet) {
  const uint32_t list_plus1 = packet->requests.recirculate_field_list_plus1;
  struct tp_packet *again = make_again(loop, packet, list_plus1, TP_INSTANCE_RECIRCULATED);
  if (again != NULL) {
    again->requests.recirculate_field_list_plus1 = list_plus1;
    tp_packet_list_push(&loop->recirculated, again);
  }
}

/* Ports that nothing leaves the machine by have no stamps; other numbers mean something else. */
static bool can_have_event(const struct tp_port *port, const struct tp_packet *packet) {
  return port->ops->transmit_event != NULL && packet->event.request <= TP_EVENT_REQUEST_LIMIT;
}

/* A pass through egress, and what it asked for: the frame to send, or null. */
static struct tp_packet *run_egress(struct tp_loop *loop, struct tp_port *port,
                                    struct tp_packet *packet, uint64_t now_ns) {
  packet->requests = (struct tp_requests){0};
  packet->deferred = (struct tp_deferred_correction){0};
  packet->tx_estimate_ns = now_ns + (uint64_t)port->latency.applied_ns;
  packet->sm.egress_global_timestamp = MICROSECONDS(now_ns);
  loop->ops->egress(&loop->view, packet);
  if (has_failed(loop, packet)) {
    return NULL;
  }
  note_truncation(packet);
  if (packet->requests.lost) {
    tp_loop_drop(loop, packet, TP_ENGINE_DROPPED_HEADROOM);
    return NULL;
  }
  if (packet->sm.egress_spec == TP_PORT_DROP) {
    loop->counters[TP_ENGINE_DROPPED_BY_PROGRAM] += !packet->event.was_sent;
    tp_pool_give(&loop->pool, packet);
    return NULL;
  }
  if (packet->requests.recirculate) {
    recirculate(loop, packet);
    return NULL;
  }
  if (packet->truncate_plus1 != 0 && packet->length >= packet->truncate_plus1) {
    packet->length = packet->truncate_plus1 - 1u;
  }
  if (packet->event.wait_ns != 0) {
    tp_event_wait(port, packet);
    return NULL;
  }
  if (packet->event.request != 0 && !can_have_event(port, packet)) {
    packet->event.request = 0;
    tp_port_count(port, TP_PORT_TX_EVENTS_LOST, 1);
  }
  return packet;
}

struct tp_packet *tp_egress_frame(struct tp_loop *loop, struct tp_port *port,
                                  struct tp_packet *packet, uint64_t now_ns) {
  packet->sm.deq_timedelta = (uint32_t)((now_ns - packet->enqueued_ns) / 1000);
  packet->sm.deq_qdepth = port->queue.frames & DEPTH_MASK;
  return run_egress(loop, port, packet, now_ns);
}

struct tp_packet *tp_egress_again(struct tp_loop *loop, struct tp_port *port,
                                  struct tp_packet *packet) {
  struct tp_transmit_event *event = &packet->event;
  if (event->kind <= TP_EVENT_REQUEST_LIMIT) {
    if (packet->passes++ >= TP_PASS_LIMIT) {
      tp_loop_drop(loop, packet, TP_ENGINE_DROPPED_LOOPS);
      return NULL;
    }
    const uint16_t offset = packet->deferred.correction_offset;
    event->correction = offset == 0 ? 0 : tp_load64(packet->data + offset);
    event->was_sent = true;
  }
  event->request = 0;
  event->wait_ns = 0;
  if (packet->payload_offset > packet->length) {
    packet->payload_offset = packet->length; /* it was cut inside its headers */
  }
  return run_egress(loop, port, packet, tp_clock_now_ns(&loop->engine->clock));
}

void tp_drop_queued(struct tp_port *port, enum tp_engine_counter reason) {
  struct tp_loop *loop = port->loop;
  struct tp_packet *packet;
  while ((packet = tp_queue_drain(&port->queue)) != NULL) {
    tp_loop_drop(loop, packet, reason);
  }
  for (uint32_t i = 0; i < port->unsent_count; i++) {
    tp_loop_drop(loop, port->unsent[i], reason);
  }
  port->unsent_count = 0;
  loop->counters[reason] += tp_discard_events(port);
}

static void drop_for_reload(struct tp_loop *loop, struct tp_packet *packet) {
  tp_loop_drop(loop, packet, TP_ENGINE_DROPPED_RELOAD);
}

void tp_drop_arriving(struct tp_loop *loop) {
  struct tp_packet *packet;
  while ((packet = tp_packet_list_pop(&loop->recirculated)) != NULL) {
    drop_for_reload(loop, packet);
  }
  tp_inbox_drain(loop, UINT32_MAX, drop_for_reload);
}
