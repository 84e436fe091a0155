/*
 * loop.c - the packet loop. One round:
 *
 *   recirculated frames -> ingress
 *   each port that has no backlog: a burst of received frames -> ingress -> queues
 *   these leave
 *   each port that has one: its share of received frames -> ingress -> queues
 *   each port: TX events and frames whose time has come -> egress -> sent, and again
 *   messages -> host
 *
 * and when a round finds nothing to do, sleep until a frame arrives, a waiting frame's time comes,
 * or the host calls.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine_state.h"
#include "link_events.h"

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

/* --- lock ------------------------------------------------------------------------------------ */

/* Without a loop the host's thread is alone: a step-by-step host does not pay for the lock. One
 * that holds the engine has it already. */
void tp_control_lock(struct tp_engine *engine) {
  if (!engine->is_running || engine->is_held) {
    return;
  }
  atomic_fetch_add(&engine->control_waiting, 1);
  while (atomic_load(&engine->loop_waiting)) {
    sched_yield();
  }
  pthread_mutex_lock(&engine->lock);
  atomic_fetch_sub(&engine->control_waiting, 1);
}

void tp_control_unlock(struct tp_engine *engine) {
  if (engine->is_running && !engine->is_held) {
    pthread_mutex_unlock(&engine->lock);
  }
}

int tp_engine_hold(struct tp_engine *engine) {
  if (engine->is_held) {
    return TP_E_BAD_STATE;
  }
  tp_control_lock(engine);
  engine->is_held = true;
  return TP_OK;
}

int tp_engine_resume(struct tp_engine *engine) {
  if (!engine->is_held) {
    return TP_E_BAD_STATE;
  }
  engine->is_held = false;
  tp_control_unlock(engine);
  return TP_OK;
}

void tp_loop_lock(struct tp_engine *engine) {
  atomic_store(&engine->loop_waiting, true);
  pthread_mutex_lock(&engine->lock);
  atomic_store(&engine->loop_waiting, false);
}

void tp_give_way(struct tp_engine *engine) {
  if (atomic_load_explicit(&engine->control_waiting, memory_order_relaxed) == 0) {
    return;
  }
  pthread_mutex_unlock(&engine->lock);
  /* A real-time thread has nobody to yield to: who waits comes in at its next rest at the latest.
   */
  for (uint32_t i = 0;
       i < 1000 && !engine->loop.is_realtime && atomic_load(&engine->control_waiting) != 0; i++) {
    sched_yield();
  }
  tp_loop_lock(engine);
}

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
static bool send_with_events(struct tp_engine *engine, struct tp_port *port, uint32_t *handled) {
  for (;;) {
    send_unsent(port);
    if (port->unsent_count != 0) {
      return false;
    }
    if (port->events.held == 0) {
      return true;
    }
    const uint32_t passes = tp_run_events(engine, port);
    if (passes == 0) {
      return true;
    }
    *handled += passes;
    for (uint32_t i = 0; i < port->unsent_count && port->queue.rate_bps != 0; i++) {
      tp_queue_charge(&port->queue, port->unsent[i]->length, engine->schedule_ns);
    }
  }
}

/* A burst of frames from the queue. Counts them and their events in `handled`; false when the port
 * takes no more. */
static bool send_queued(struct tp_engine *engine, struct tp_port *port, uint32_t *handled) {
  uint32_t left_queue = 0;
  /* A line that is not shaped has no schedule. */
  const uint64_t schedule_ns = port->queue.rate_bps == 0 ? 0 : tp_clock_schedule_ns(&engine->clock);
  uint64_t now_ns = tp_clock_now_ns(&engine->clock);
  while (port->unsent_count < TP_BURST && left_queue < TP_BURST) {
    struct tp_packet *packet = tp_queue_take(&port->queue, schedule_ns);
    if (packet == NULL) {
      break;
    }
    left_queue++;
    packet = tp_egress_frame(engine, port, packet, now_ns);
    if (packet != NULL) {
      tp_queue_charge(&port->queue, packet->length, schedule_ns);
      port->unsent[port->unsent_count++] = packet;
      if (packet->event.request != 0) {
        if (!send_with_events(engine, port, handled)) {
          break;
        }
        now_ns = tp_clock_now_ns(&engine->clock);
      }
    }
  }
  send_unsent(port);
  *handled += left_queue;
  return port->unsent_count == 0;
}

static uint32_t transmit_burst(struct tp_engine *engine, struct tp_port *port) {
  uint32_t handled = 0;
  if ((port->unsent_count != 0 || port->events.held != 0) &&
      !send_with_events(engine, port, &handled)) {
    return handled;
  }
  if (port->queue.frames != 0 && !send_queued(engine, port, &handled)) {
    return handled;
  }
  if (tp_bring_again(port)) {
    send_with_events(engine, port, &handled);
  }
  return handled;
}

/*
 * Bursts of each port in turn, until the queues are as empty as their lines let them be. Several
 * ports may send to one: if that sent no more than one burst for all of theirs, its queue would
 * grow for as long as one of them is flooded, and the frames of the others would wait in it.
 */
static uint32_t transmit_all(struct tp_engine *engine, bool is_loop) {
  uint32_t handled = 0;
  bool is_more = true;
  for (uint32_t sweep = 0; is_more && sweep < TRANSMIT_SWEEPS; sweep++) {
    is_more = false;
    for (uint32_t i = 0; i < engine->active_count; i++) {
      struct tp_port *port = engine->active[i];
      if (sweep != 0 && port->queue.frames == 0) {
        continue;
      }
      const uint32_t sent = transmit_burst(engine, port);
      handled += sent;
      is_more = is_more || (sent != 0 && port->queue.frames != 0 && port->unsent_count == 0);
      if (is_loop) {
        tp_give_way(engine);
      }
    }
  }
  return handled;
}

/* When all ports have sent: a stamp can wait, a frame's residence is as long as it waits. */
static void read_stamps(struct tp_engine *engine) {
  for (uint32_t i = 0; i < engine->active_count; i++) {
    struct tp_port *port = engine->active[i];
    if (port->latency.waiting_count != 0 && port->ops->read_stamps != NULL) {
      port->ops->read_stamps(port);
    }
  }
}

static void begin_burst(struct tp_engine *engine) {
  engine->pipeline.state.now_ns = tp_clock_now_ns(&engine->clock);
  engine->schedule_ns = tp_clock_schedule_ns(&engine->clock);
  engine->pipeline.state.steady_ns = engine->schedule_ns;
}

/* At the start of a burst. Ports in memory, the only ones of a virtual clock, need none. */
static void maintain(struct tp_engine *engine) {
  if (engine->clock.is_virtual) {
    return;
  }
  const bool is_due = engine->schedule_ns >= engine->maintenance_ns;
  if (is_due) {
    engine->maintenance_ns = engine->schedule_ns + MAINTENANCE_NS;
  }
  for (uint32_t i = 0; i < engine->active_count; i++) {
    struct tp_port *port = engine->active[i];
    if (is_due || port->needs_maintenance) {
      port->needs_maintenance = false;
      port->ops->maintain(port);
    }
  }
}

static bool has_traffic_in_time(const struct tp_engine *engine, const struct tp_port *port) {
  return !port->is_backlogged && engine->schedule_ns < port->traffic_until_ns;
}

/* Ports that have traffic, and time for it. */
static uint32_t count_in_time(const struct tp_engine *engine) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < engine->active_count; i++) {
    count += has_traffic_in_time(engine, engine->active[i]);
  }
  return count;
}

/* Receives what a port may in this round. Notes whether it had more. `is_alone`: nobody else has
 * traffic that would have to wait. */
static uint32_t receive_turn(struct tp_engine *engine, struct tp_port *port, bool is_alone,
                             bool is_first) {
  const uint32_t limit = is_alone ? TP_BURST : SHARE_FRAMES;
  const uint32_t step = is_alone ? TP_BURST : 1; /* its copies are seen after each */
  const uint64_t copies_before = engine->copies;
  uint32_t received = 0;
  do {
    struct tp_packet *burst[TP_BURST];
    const uint32_t count = port->ops->receive(port, burst, step);
    port->is_backlogged = count == step;
    if (count == 0) {
      break;
    }
    if (received == 0 && !is_first) {
      begin_burst(engine); /* the one before has taken its time */
    }
    for (uint32_t frame = 0; frame < count; frame++) {
      tp_ingress_frame(engine, port, burst[frame]);
    }
    received += count;
  } while (port->is_backlogged && received < limit &&
           engine->copies - copies_before < SHARE_COPIES);
  if (received != 0) {
    port->traffic_until_ns = engine->schedule_ns + TRAFFIC_NS;
  }
  return received;
}

/* Ports that have time for all their frames are first, and these leave before those of the others
 * come in. */
static uint32_t receive_all(struct tp_engine *engine, bool is_loop, uint32_t handled) {
  struct tp_port *backlogged[TP_PORT_COUNT];
  uint32_t backlogged_count = 0;
  const uint32_t in_time = count_in_time(engine);
  const uint32_t before = handled;
  for (uint32_t i = 0; i < engine->active_count; i++) {
    struct tp_port *port = engine->active[i];
    if (port->is_backlogged) {
      backlogged[backlogged_count++] = port;
      continue;
    }
    const uint32_t own = has_traffic_in_time(engine, port) ? 1 : 0;
    const uint32_t received = receive_turn(engine, port, in_time == own, handled == 0);
    handled += received;
    if (is_loop && received != 0) {
      tp_give_way(engine);
    }
  }
  if (backlogged_count != 0 && handled != before) {
    handled += transmit_all(engine, is_loop);
  }
  const bool is_alone = backlogged_count != 0 && count_in_time(engine) == 0;
  for (uint32_t i = 0; i < backlogged_count; i++) {
    handled += receive_turn(engine, backlogged[i], is_alone, handled == 0);
    if (is_loop) {
      tp_give_way(engine);
    }
  }
  return handled;
}

uint32_t tp_round(struct tp_engine *engine, bool is_loop) {
  uint32_t handled = 0;
  begin_burst(engine);
  maintain(engine);
  if (engine->recirculated_head != NULL) {
    handled += tp_ingress_recirculated(engine);
  }
  handled = receive_all(engine, is_loop, handled);
  handled += transmit_all(engine, is_loop);
  read_stamps(engine);
  tp_messages_flush(&engine->messages);
  return handled;
}

uint64_t tp_next_release_ns(const struct tp_engine *engine) {
  uint64_t next_ns = UINT64_MAX;
  for (uint32_t i = 0; i < engine->active_count; i++) {
    const struct tp_port *port = engine->active[i];
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

struct poll_set {
  struct pollfd fds[TP_PORT_COUNT + FDS_BEFORE_PORTS];
  uint32_t numbers[TP_PORT_COUNT + FDS_BEFORE_PORTS]; /* port of each */
  uint32_t count;
};

static void build_poll_set(struct tp_engine *engine, struct poll_set *set) {
  set->fds[0] = (struct pollfd){.fd = engine->wake_fd, .events = POLLIN};
  set->fds[1] = (struct pollfd){
      .fd = tp_messages_waiting(&engine->messages) ? engine->messages.fd : -1, .events = POLLOUT};
  set->fds[2] = (struct pollfd){.fd = engine->link_fd, .events = POLLIN};
  set->count = FDS_BEFORE_PORTS;
  for (uint32_t i = 0; i < engine->active_count; i++) {
    const struct tp_port *port = engine->active[i];
    const int fd = port->ops->poll_fd(port);
    if (fd < 0) {
      continue;
    }
    const short events = (short)(port->unsent_count != 0 ? POLLIN | POLLOUT : POLLIN);
    set->numbers[set->count] = port->number;
    set->fds[set->count++] = (struct pollfd){.fd = fd, .events = events};
  }
}

static void sleep_until_work(struct tp_engine *engine, struct poll_set *set) {
  const uint64_t now_ns = tp_clock_read_ns(CLOCK_MONOTONIC);
  const uint64_t release_ns = tp_next_release_ns(engine);
  const uint64_t until_ns =
      release_ns < engine->maintenance_ns ? release_ns : engine->maintenance_ns;
  if (until_ns <= now_ns + NEAR_NS || engine->recirculated_head != NULL) {
    return;
  }
  build_poll_set(engine, set);
  pthread_mutex_unlock(&engine->lock);

  const uint64_t wait_ns = until_ns - now_ns;
  const struct timespec timeout = {.tv_sec = (time_t)(wait_ns / TP_NS_PER_S),
                                   .tv_nsec = (long)(wait_ns % TP_NS_PER_S)};
  const int ready = ppoll(set->fds, set->count, &timeout, NULL);
  if (ready > 0 && set->fds[0].revents != 0) {
    uint64_t ignored;
    while (read(engine->wake_fd, &ignored, sizeof ignored) < 0 && errno == EINTR) {
    }
  }

  tp_rest_count_sleep(engine, tp_clock_read_ns(CLOCK_MONOTONIC) - now_ns);
  tp_loop_lock(engine);
  if (ready > 0 && set->fds[2].revents != 0 && tp_link_events_drain(engine->link_fd)) {
    engine->maintenance_ns = 0; /* all ports look at their links now */
  }
  for (uint32_t i = FDS_BEFORE_PORTS; ready > 0 && i < set->count; i++) {
    struct tp_port *port = engine->ports[set->numbers[i]];
    if ((set->fds[i].revents & ~(POLLIN | POLLOUT)) == 0 || port == NULL) {
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

void tp_wake(struct tp_engine *engine) {
  const uint64_t one = 1;
  while (write(engine->wake_fd, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void *tp_loop_run(void *argument) {
  struct tp_engine *engine = argument;
  struct poll_set set;
  uint64_t last_work_ns = 0;
  /* Frames go before those who watch them; where that is not permitted, they take their turn. */
  setpriority(PRIO_PROCESS, (id_t)gettid(), LOOP_NICENESS);
  prctl(PR_SET_TIMERSLACK, 1); /* ns: a frame's release is late by the slack otherwise */
  tp_loop_lock(engine);
  engine->loop.rest_counted_ns = tp_clock_read_ns(CLOCK_MONOTONIC);
  engine->loop.owed_rest_ns = 0;
  while (!atomic_load(&engine->stop)) {
    if (tp_round(engine, true) != 0) {
      last_work_ns = engine->schedule_ns;
    } else if (engine->schedule_ns - last_work_ns > LINGER_NS) {
      sleep_until_work(engine, &set);
    }
    tp_rest_if_due(engine);
    tp_give_way(engine);
  }
  pthread_mutex_unlock(&engine->lock);
  return NULL;
}
