/*
 * spin.h - locks between loops that are held for less time than it takes to sleep: the depot of
 * packets, the oscillator, the stream of messages. What pipelines lock is in shared.h, and waits in
 * the same way.
 */
#ifndef TIMEPLANE_SPIN_H
#define TIMEPLANE_SPIN_H

#include <stdbool.h>
#include <stdint.h>

/* All zeros: free. */
struct tp_spin {
  uint32_t is_taken;
};

/*
 * Lets time pass before the caller looks at a lock again, for the `turn`th time: first a moment,
 * then this processor's other threads, then even those that a real-time thread would not let run,
 * for whoever has the lock may be one of them.
 */
void tp_lock_wait(uint32_t turn);
/* Not in the fast path: somebody else has it. */
void tp_spin_contend(struct tp_spin *spin);

static inline void tp_spin_lock(struct tp_spin *spin) {
  if (__builtin_expect(__atomic_exchange_n(&spin->is_taken, 1, __ATOMIC_ACQUIRE) != 0, 0)) {
    tp_spin_contend(spin);
  }
}

/* False: somebody else has it. */
static inline bool tp_spin_try(struct tp_spin *spin) {
  return __atomic_exchange_n(&spin->is_taken, 1, __ATOMIC_ACQUIRE) == 0;
}

static inline void tp_spin_unlock(struct tp_spin *spin) {
  __atomic_store_n(&spin->is_taken, 0, __ATOMIC_RELEASE);
}

#endif
