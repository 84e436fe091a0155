/* spin.c - see spin.h. */
#include "loop/spin.h"

#include <sched.h>
#include <time.h>

/* Looks at a lock before its holder is taken for one that does not run; what is done under such a
 * lock takes less. */
#define SPINS    200u
#define YIELDS   20u
#define SLEEP_NS 5000

void tp_lock_wait(uint32_t turn) {
  if (turn < SPINS) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
  } else if (turn < SPINS + YIELDS) {
    sched_yield();
  } else {
    nanosleep(&(struct timespec){.tv_nsec = SLEEP_NS}, NULL);
  }
}

void tp_spin_contend(struct tp_spin *spin) {
  uint32_t turn = 0;
  do {
    while (__atomic_load_n(&spin->is_taken, __ATOMIC_RELAXED) != 0) {
      tp_lock_wait(turn++);
    }
  } while (__atomic_exchange_n(&spin->is_taken, 1, __ATOMIC_ACQUIRE) != 0);
}
