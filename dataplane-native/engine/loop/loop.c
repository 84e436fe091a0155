/*
 * loop.c - a packet loop. One round:
 *
 *   recirculated frames -> ingress
 *   each port that has no backlog: a burst of received frames -> ingress -> queues
 *   these, and those that other loops had for our ports, leave
 *   each port that has one: its share of received frames -> ingress -> queues
 *   each port: TX events and frames whose time has come -> egress -> sent, and again
 *   messages -> host
 *
 * and when a round finds nothing to do, sleep until a frame arrives, a waiting frame's time comes,
 * or the host calls.
 */
#include <errno.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine_state.h"
#include "link/link_events.h"

#define MAINTENANCE_NS UINT64_C(250000000)
/* After the last frame the loop looks again for so long before it sleeps: waking up costs more than
 * this, and frames come in trains. */
#define LINGER_NS UINT64_C(20000)
/* Nine parts in ten of a contended processor: the control plane stays reachable under a flood. */
#define LOOP_NICENESS (-10)
/* A release this near is not worth a sleep. */
#define NEAR_NS UINT64_C(5000)
/*
 * A frame waits for no more than the round that it arrives in, so a round is kept short while one
 * port has more than the loop can take and another port has traffic, too. The share of the first is
 * what is under way then: so many frames, or as many as become so many copies, which cost more.
 * Alone it gets whole bursts, which cost less a frame.
 */
#define SHARE_FRAMES 8u
#define SHARE_COPIES 16u
/* A port has traffic for so long after a frame: longer than PTP messages are apart. */
#define TRAFFIC_NS UINT64_C(4000000000)
/* Bursts that a port may send in a round, before all receive again. */
#define TRANSMIT_SWEEPS 8u
/* Rounds in which what is under way leaves: a full ring needs half of them, a full queue of small
 * frames the other half. */
#define FINISH_ROUNDS 32u

/* --- a round --------------------------------------------------------------------------------- */

/* Sends what has been through egress, in order, as far as the port takes it. */
static void send_unsent(struct tp_port *port) {
  uint32_t done = 0;
  while (done < port->unsent_count) {
    struct tp_packet **next = &port->unsent[done];
    if (port->ops->transmit_event != NULL && tp_is_event(next[0])) {
      if (tp_send_event(port, next[0]) == TP_TRANSMIT_LATER) {
        break;
      }
      done++;
      continue;
    }
    uint32_t run = 1;
    while (done + run < port->unsent_count &&
           (port->ops->transmit_event == NULL || !tp_is_event(next[run]))) {
      run++;
    }
    const uint32_t taken = port->ops->transmit(port, next, run);
    done += taken;
    if (taken < run) {
      break;
    }
  }
  port->unsent_count -= done;
  for (uint32_t i = 0; i < port->unsent_count && done != 0; i++) {
    port->unsent[i] = port->unsent[i + done];
  }
}

/* Sends what is unsent and all that its TX events make of it, before anything else leaves the
 * queue. Counts the passes through egress in `handled`; false when the port takes no more. */
static bool send_with_events(struct tp_loop *loop, struct tp_port *port, uint32_t *handled) {
  for (;;) {
    send_unsent(port);
    if (port->unsent_count != 0) {
      return false;
    }
    if (port->events.held == 0) {
      return true;
    }
    const uint32_t passes = tp_run_events(port);
    if (passes == 0) {
      return true;
    }
    *handled += passes;
    for (uint32_t i = 0; i < port->unsent_count && port->queue.rate_bps != 0; i++) {
      tp_queue_charge(&port->queue, port->unsent[i]->length, loop->schedule_ns);
    }
  }
}

/* A burst of frames from the queue. Counts them and their events in `handled`; false when the port
 * takes no more. */
static bool send_queued(struct tp_loop *loop, struct tp_port *port, uint32_t *handled) {
  uint32_t left_queue = 0;
  /* A line that is not shaped has no schedule. */
  const uint64_t schedule_ns =
      port->queue.rate_bps == 0 ? 0 : tp_clock_schedule_ns(&loop->engine->clock);
  uint64_t now_ns = tp_clock_now_ns(&loop->engine->clock);
  while (port->unsent_count < TP_BURST && left_queue < TP_BURST) {
    struct tp_packet *packet = tp_queue_take(&port->queue, schedule_ns);
    if (packet == NULL) {
      break;
    }
    left_queue++;
    packet = tp_egress_frame(loop, port, packet, now_ns);
    if (packet != NULL) {
      tp_queue_charge(&port->queue, packet->length, schedule_ns);
      port->unsent[port->unsent_count++] = packet;
      if (packet->event.request != 0) {
        if (!send_with_events(loop, port, handled)) {
          break;
        }
        now_ns = tp_clock_now_ns(&loop->engine->clock);
      }
    }
  }
  send_unsent(port);
  *handled += left_queue;
  return port->unsent_count == 0;
}

static uint32_t transmit_burst(struct tp_loop *loop, struct tp_port *port) {
  uint32_t handled = 0;
  if ((port->unsent_count != 0 || port->events.held != 0) &&
      !send_with_events(loop, port, &handled)) {
    return handled;
  }
  if (port->queue.frames != 0 && !send_queued(loop, port, &handled)) {
    return handled;
  }
  if (tp_bring_again(port)) {
    send_with_events(loop, port, &handled);
  }
  return handled;
}

/*
 * Bursts of each port in turn, until the queues are as empty as their lines let them be. Several
 * ports may send to one: if that sent no more than one burst for all of theirs, its queue would
 * grow for as long as one of them is flooded, and the frames of the others would wait in it.
 */
static uint32_t transmit_all(struct tp_loop *loop, bool is_thread) {
  uint32_t handled = 0;
  bool is_more = true;
  for (uint32_t sweep = 0; is_more && sweep < TRANSMIT_SWEEPS; sweep++) {
    /* No more than leaves with the next bursts: a ring has more room than a queue. */
    const uint32_t arrived = tp_enqueue_arrived(loop, TP_BURST);
    handled += arrived;
    is_more = arrived != 0;
    for (uint32_t i = 0; i < loop->active_count; i++) {
      struct tp_port *port = loop->active[i];
      if (sweep != 0 && port->queue.frames == 0) {
        continue;
      }
      const uint32_t sent = transmit_burst(loop, port);
      handled += sent;
      is_more = is_more || (sent != 0 && port->queue.frames != 0 && port->unsent_count == 0);
      if (is_thread) {
        tp_give_way(loop);
      }
    }
  }
  return handled;
}

/* When all ports have sent: a stamp can wait, a frame's residence is as long as it waits. */
static void read_stamps(struct tp_loop *loop) {
  for (uint32_t i = 0; i < loop->active_count; i++) {
    struct tp_port *port = loop->active[i];
    if (port->latency.waiting_count != 0 && port->ops->read_stamps != NULL) {
      port->ops->read_stamps(port);
    }
  }
}

static void begin_burst(struct tp_loop *loop) {
  loop->view.now_ns = tp_clock_now_ns(&loop->engine->clock);
  loop->schedule_ns = tp_clock_schedule_ns(&loop->engine->clock);
  loop->view.steady_ns = loop->schedule_ns;
}

/* At the start of a burst. Ports in memory, the only ones of a virtual clock, need none. */
static void maintain(struct tp_loop *loop) {
  if (loop->engine->clock.is_virtual) {
    return;
  }
  const bool is_due = loop->schedule_ns >= loop->maintenance_ns;
  if (is_due) {
    loop->maintenance_ns = loop->schedule_ns + MAINTENANCE_NS;
  }
  for (uint32_t i = 0; i < loop->active_count; i++) {
    struct tp_port *port = loop->active[i];
    if (is_due || port->needs_maintenance) {
      port->needs_maintenance = false;
      port->ops->maintain(port);
    }
  }
}

static bool has_traffic_in_time(const struct tp_loop *loop, const struct tp_port *port) {
  return !port->is_backlogged && loop->schedule_ns < port->traffic_until_ns;
}

/* Ports that have traffic, and time for it. */
static uint32_t count_in_time(const struct tp_loop *loop) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < loop->active_count; i++) {
    count += has_traffic_in_time(loop, loop->active[i]);
  }
  return count;
}

/* Receives what a port may in this round. Notes whether it had more. `is_alone`: nobody else has
 * traffic that would have to wait. */
static uint32_t receive_turn(struct tp_loop *loop, struct tp_port *port, bool is_alone,
                             bool is_first) {
  const uint32_t limit = is_alone ? TP_BURST : SHARE_FRAMES;
  const uint32_t step = is_alone ? TP_BURST : 1; /* its copies are seen after each */
  const uint64_t copies_before = loop->copies;
  uint32_t received = 0;
  do {
    struct tp_packet *burst[TP_BURST];
    const uint32_t count = port->ops->receive(port, burst, step);
    port->is_backlogged = count == step;
    if (count == 0) {
      break;
    }
    if (received == 0 && !is_first) {
      begin_burst(loop); /* the one before has taken its time */
    }
    for (uint32_t frame = 0; frame < count; frame++) {
      tp_ingress_frame(loop, port, burst[frame]);
    }
    tp_outbox_publish(loop);
    received += count;
  } while (port->is_backlogged && received < limit && loop->copies - copies_before < SHARE_COPIES);
  if (received != 0) {
    port->traffic_until_ns = loop->schedule_ns + TRAFFIC_NS;
  }
  return received;
}

/* Ports that have time for all their frames are first, and these leave before those of the others
 * come in. */
static uint32_t receive_all(struct tp_loop *loop, bool is_thread, uint32_t handled) {
  uint16_t backlogged[TP_PORT_COUNT]; /* by number: one may go when the loop gives way */
  uint32_t backlogged_count = 0;
  const uint32_t in_time = count_in_time(loop);
  const uint32_t before = handled;
  for (uint32_t i = 0; i < loop->active_count; i++) {
    struct tp_port *port = loop->active[i];
    if (port->is_backlogged) {
      backlogged[backlogged_count++] = (uint16_t)port->number;
      continue;
    }
    const uint32_t own = has_traffic_in_time(loop, port) ? 1 : 0;
    const uint32_t received = receive_turn(loop, port, in_time == own, handled == 0);
    handled += received;
    if (is_thread && received != 0) {
      tp_give_way(loop);
    }
  }
  if (backlogged_count != 0 && handled != before) {
    handled += transmit_all(loop, is_thread);
  }
  const bool is_alone = backlogged_count != 0 && count_in_time(loop) == 0;
  for (uint32_t i = 0; i < backlogged_count; i++) {
    struct tp_port *port = loop->engine->ports[backlogged[i]];
    if (port == NULL || port->loop != loop) {
      continue;
    }
    handled += receive_turn(loop, port, is_alone, handled == 0);
    if (is_thread) {
      tp_give_way(loop);
    }
  }
  return handled;
}

uint32_t tp_round(struct tp_loop *loop, bool is_thread) {
  uint32_t handled = 0;
  begin_burst(loop);
  maintain(loop);
  if (loop->recirculated.count != 0) {
    handled += tp_ingress_recirculated(loop);
  }
  handled = receive_all(loop, is_thread, handled);
  handled += transmit_all(loop, is_thread);
  tp_outbox_publish(loop);
  read_stamps(loop);
  tp_messages_flush(&loop->messages);
  return handled;
}

/* A round that receives nothing. */
static uint32_t finish_round(struct tp_loop *loop) {
  begin_burst(loop);
  uint32_t handled = loop->recirculated.count == 0 ? 0 : tp_ingress_recirculated(loop);
  handled += transmit_all(loop, false);
  tp_outbox_publish(loop);
  return handled;
}

void tp_finish_frames(struct tp_engine *engine) {
  bool is_more = engine->pipeline.ops != NULL;
  bool is_any = false;
  for (uint32_t round = 0; is_more && round < FINISH_ROUNDS; round++) {
    is_more = false;
    for (uint32_t i = 0; i < engine->loop_count; i++) {
      is_more = finish_round(engine->loops[i]) != 0 || is_more;
    }
    is_any = is_any || is_more;
  }
  for (uint32_t i = 0; is_any && i < engine->loop_count; i++) {
    tp_messages_flush(&engine->loops[i]->messages);
    if (engine->is_running) {
      tp_loop_wake(engine->loops[i]); /* for what it waits may be other things now */
    }
  }
}

uint64_t tp_next_release_ns(struct tp_loop *loop) {
  uint64_t next_ns = tp_inbox_waiting(loop) ? 0 : UINT64_MAX;
  for (uint32_t i = 0; i < loop->active_count; i++) {
    const struct tp_port *port = loop->active[i];
    /* A port that holds unsent frames wakes the loop when it has room. */
    if (port->unsent_count != 0) {
      continue;
    }
    if (port->queue.frames != 0) {
      const uint64_t release_ns = port->queue.rate_bps == 0 ? 0 : port->queue.release_ns;
      next_ns = release_ns < next_ns ? release_ns : next_ns;
    }
    if (port->events.held != 0) {
      const uint64_t event_ns = tp_next_event_ns(port);
      next_ns = event_ns < next_ns ? event_ns : next_ns;
    }
  }
  return next_ns;
}

/* --- sleeping -------------------------------------------------------------------------------- */

#define FDS_BEFORE_PORTS 3u

#define FDS_OF_A_PORT 2u

struct poll_set {
  struct pollfd fds[FDS_BEFORE_PORTS + FDS_OF_A_PORT * TP_PORT_COUNT];
  uint32_t numbers[FDS_BEFORE_PORTS + FDS_OF_A_PORT * TP_PORT_COUNT]; /* port of each */
  uint32_t count;
};

static void add_to_set(struct poll_set *set, const struct tp_port *port, int fd, short events) {
  if (fd >= 0) {
    set->numbers[set->count] = port->number;
    set->fds[set->count++] = (struct pollfd){.fd = fd, .events = events};
  }
}

static void build_poll_set(struct tp_loop *loop, struct poll_set *set) {
  set->fds[0] = (struct pollfd){.fd = loop->wake_fd, .events = POLLIN};
  set->fds[1] =
      (struct pollfd){.fd = tp_messages_waiting(&loop->messages) ? loop->messages.stream->fd : -1,
                      .events = POLLOUT};
  set->fds[2] = (struct pollfd){.fd = loop->link_fd, .events = POLLIN};
  set->count = FDS_BEFORE_PORTS;
  for (uint32_t i = 0; i < loop->active_count; i++) {
    const struct tp_port *port = loop->active[i];
    const short events = (short)(port->unsent_count != 0 ? POLLIN | POLLOUT : POLLIN);
    add_to_set(set, port, port->ops->poll_fd(port), events);
    if (port->ops->stamp_fd != NULL) {
      add_to_set(set, port, port->ops->stamp_fd(port), 0);
    }
  }
}

static void wait_for_work(struct tp_loop *loop, struct poll_set *set, uint64_t wait_ns) {
  const struct timespec timeout = {.tv_sec = (time_t)(wait_ns / TP_NS_PER_S),
                                   .tv_nsec = (long)(wait_ns % TP_NS_PER_S)};
  const int ready = ppoll(set->fds, set->count, &timeout, NULL);
  if (ready <= 0) {
    for (uint32_t i = 0; i < set->count; i++) {
      set->fds[i].revents = 0;
    }
  }
  if (set->fds[0].revents != 0) {
    uint64_t ignored;
    while (read(loop->wake_fd, &ignored, sizeof ignored) < 0 && errno == EINTR) {
    }
  }
}

/* What woke the loop beside frames. */
static void look_at_errors(struct tp_loop *loop, const struct poll_set *set) {
  if (set->fds[2].revents != 0 && tp_link_events_drain(loop->link_fd)) {
    loop->maintenance_ns = 0; /* all ports look at their links now */
  }
  for (uint32_t i = FDS_BEFORE_PORTS; i < set->count; i++) {
    struct tp_port *port = loop->engine->ports[set->numbers[i]];
    if ((set->fds[i].revents & ~(POLLIN | POLLOUT)) == 0 || port == NULL || port->loop != loop) {
      continue;
    }
    /* A stamp that has come looks like an error. */
    const uint32_t before = port->latency.waiting_count;
    if (before != 0 && port->ops->read_stamps != NULL) {
      port->ops->read_stamps(port);
    }
    if (port->latency.waiting_count == before) {
      port->needs_maintenance = true;
    }
  }
}

static void sleep_until_work(struct tp_loop *loop, struct poll_set *set) {
  const uint64_t now_ns = tp_clock_read_ns(CLOCK_MONOTONIC);
  const uint64_t release_ns = tp_next_release_ns(loop);
  const uint64_t until_ns = release_ns < loop->maintenance_ns ? release_ns : loop->maintenance_ns;
  if (until_ns <= now_ns + NEAR_NS || loop->recirculated.count != 0) {
    return;
  }
  build_poll_set(loop, set);
  tp_loop_unlock(loop);
  atomic_store(&loop->is_asleep, true);
  if (!tp_inbox_waiting(loop)) {
    wait_for_work(loop, set, until_ns - now_ns);
  } else {
    for (uint32_t i = 0; i < set->count; i++) {
      set->fds[i].revents = 0;
    }
  }
  atomic_store(&loop->is_asleep, false);
  tp_rest_count_sleep(loop, tp_clock_read_ns(CLOCK_MONOTONIC) - now_ns);
  tp_loop_lock(loop);
  look_at_errors(loop, set);
}

void tp_loop_wake(struct tp_loop *loop) {
  const uint64_t one = 1;
  while (write(loop->wake_fd, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void tp_wake(struct tp_engine *engine) {
  for (uint32_t i = 0; i < engine->loop_count; i++) {
    tp_loop_wake(engine->loops[i]);
  }
}

void *tp_loop_run(void *argument) {
  struct tp_loop *loop = argument;
  struct poll_set set;
  uint64_t last_work_ns = 0;
  /* Frames go before those who watch them; where that is not permitted, they take their turn. */
  setpriority(PRIO_PROCESS, (id_t)gettid(), LOOP_NICENESS);
  prctl(PR_SET_TIMERSLACK, 1); /* ns: a frame's release is late by the slack otherwise */
  atomic_store(&loop->has_begun, true);
  tp_loop_lock(loop);
  loop->thread.rest_counted_ns = tp_clock_read_ns(CLOCK_MONOTONIC);
  loop->thread.owed_rest_ns = 0;
  while (!atomic_load(&loop->engine->stop)) {
    if (tp_round(loop, true) != 0) {
      last_work_ns = loop->schedule_ns;
    } else if (loop->schedule_ns - last_work_ns > LINGER_NS) {
      sleep_until_work(loop, &set);
    }
    tp_rest_if_due(loop);
    tp_give_way(loop);
  }
  tp_loop_unlock(loop);
  return NULL;
}
