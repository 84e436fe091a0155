/* lock.c - who may go: see "Loops and locks" in engine_state.h. */
#include "engine_state.h"

/* --- control calls ---------------------------------------------------------------------------- */

/* A loop that waits for its lock, which nobody but control calls can have taken, goes first. */
void tp_control_take(struct tp_loop *loop) {
  atomic_store(&loop->is_wanted, true);
  while (atomic_load(&loop->is_waiting)) {
    sched_yield();
  }
  pthread_mutex_lock(&loop->lock);
  atomic_store(&loop->is_wanted, false);
}

void tp_control_lock(struct tp_engine *engine) {
  if (tp_is_alone(engine)) {
    return;
  }
  /* All are told first, so that they come to their bursts' ends at the same time. */
  for (uint32_t i = 0; i < engine->loop_count; i++) {
    atomic_store(&engine->loops[i]->is_wanted, true);
  }
  for (uint32_t i = 0; i < engine->loop_count; i++) {
    tp_control_take(engine->loops[i]);
  }
}

void tp_control_unlock(struct tp_engine *engine) {
  for (uint32_t i = tp_is_alone(engine) ? 0 : engine->loop_count; i-- > 0;) {
    pthread_mutex_unlock(&engine->loops[i]->lock);
  }
}

int tp_engine_hold(struct tp_engine *engine) {
  if (engine->is_held) {
    return TP_E_BAD_STATE;
  }
  tp_control_lock(engine);
  /* Before the host reads anything: no frame counts after that. */
  tp_finish_frames(engine);
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

/* --- loops ------------------------------------------------------------------------------------ */

void tp_loop_lock(struct tp_loop *loop) {
  atomic_store(&loop->is_waiting, true);
  pthread_mutex_lock(&loop->lock);
  atomic_store(&loop->is_waiting, false);
}

void tp_loop_unlock(struct tp_loop *loop) {
  tp_outbox_publish(loop);
  pthread_mutex_unlock(&loop->lock);
}

void tp_give_way(struct tp_loop *loop) {
  if (!atomic_load_explicit(&loop->is_wanted, memory_order_relaxed)) {
    return;
  }
  tp_loop_unlock(loop);
  /* A real-time thread has nobody to yield to: who waits comes in at its next rest at the latest.
   */
  for (uint32_t i = 0; i < 1000 && !loop->thread.is_realtime && atomic_load(&loop->is_wanted);
       i++) {
    sched_yield();
  }
  tp_loop_lock(loop);
}
