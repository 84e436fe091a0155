/*
 * privileges.c - see privileges.h; capabilities(7).
 *
 * Capabilities belong to threads, and a thread can change its own only, while a host with a virtual
 * machine has many, some of which block every signal that programs may block. So each is sent the
 * signal by which the C library itself has all threads change their user (nptl(7)), with a handler
 * of ours for that short time.
 */
#include "host/privileges.h"

#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"

/* The one after the first of the real-time signals, which are the C library's: SIGSETXID. */
#define EVERY_THREAD_SIGNAL 33
/* For a thread to follow; one that the kernel does not run may take its time. */
#define PATIENCE_MS 2000u
/* New threads may appear while old ones are asked. */
#define ROUNDS 8u
/* struct sigaction as the kernel has it: its size differs, its octets do not matter here. */
#define ACTION_OCTETS 152u
#define MASK_OCTETS   8u

/* --- what is held ---------------------------------------------------------------------------- */

static uint64_t held_by(const char *thread) {
  char path[64];
  char line[256];
  uint64_t permitted = 0;
  snprintf(path, sizeof path, "/proc/self/task/%s/status", thread);
  FILE *file = fopen(path, "re");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, "CapPrm:", 7) == 0) {
      permitted = strtoull(line + 7, NULL, 16);
    }
  }
  if (file != NULL) {
    fclose(file);
  }
  return permitted;
}

struct visitor {
  uint64_t (*visit)(const struct visitor *visitor, const char *thread);
  uint64_t keep;
};

/* Visits each thread; the sum of what that returns, bit by bit. */
static uint64_t for_each_thread(const struct visitor *visitor) {
  DIR *tasks = opendir("/proc/self/task");
  const struct dirent *entry;
  uint64_t sum = 0;
  while (tasks != NULL && (entry = readdir(tasks)) != NULL) {
    if (entry->d_name[0] != '.') {
      sum |= visitor->visit(visitor, entry->d_name);
    }
  }
  if (tasks != NULL) {
    closedir(tasks);
  }
  return sum;
}

static uint64_t visit_to_see(const struct visitor *visitor, const char *thread) {
  (void)visitor;
  return held_by(thread);
}

uint64_t tp_privileges_held(void) {
  const struct visitor visitor = {.visit = visit_to_see};
  return for_each_thread(&visitor);
}

/* --- giving up ------------------------------------------------------------------------------- */

/* Only what may be called in a signal handler. A capability that the thread does not have cannot be
 * taken, and one more refusal changes nothing: the outcome is looked at from outside. */
static void reduce_thread(uint64_t keep) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
  for (int capability = 0; capability <= CAP_LAST_CAP; capability++) {
    if ((keep >> capability & 1) == 0) {
      prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    }
  }
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  /* Or else whoever has user 0 would have everything again in the next program. */
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (syscall(SYS_capget, &header, data) == 0) {
    for (uint32_t word = 0; word < _LINUX_CAPABILITY_U32S_3; word++) {
      const uint32_t mask = (uint32_t)(keep >> (32 * word));
      data[word].permitted &= mask;
      data[word].effective &= mask;
      data[word].inheritable = 0;
    }
    syscall(SYS_capset, &header, data);
  }
}

/* What to keep comes with the signal. */
static void handle_signal(int signal, siginfo_t *info, void *context) {
  (void)signal;
  (void)context;
  const int error = errno;
  if (info->si_code == SI_QUEUE && info->si_pid == getpid()) {
    reduce_thread(*(const uint64_t *)info->si_value.sival_ptr);
  }
  errno = error;
}

static uint64_t visit_to_ask(const struct visitor *visitor, const char *thread) {
  const long number = strtol(thread, NULL, 10);
  if ((held_by(thread) & ~visitor->keep) != 0) {
    siginfo_t info = {.si_signo = EVERY_THREAD_SIGNAL, .si_code = SI_QUEUE};
    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value.sival_ptr = (void *)(uintptr_t)&visitor->keep;
    syscall(SYS_rt_tgsigqueueinfo, getpid(), number, EVERY_THREAD_SIGNAL, &info);
  }
  return 0;
}

static bool is_done(uint64_t keep) {
  return (tp_privileges_held() & ~keep) == 0;
}

static bool await_threads(uint64_t keep) {
  const struct timespec pause = {.tv_nsec = 1000000};
  for (uint32_t waited_ms = 0; waited_ms < PATIENCE_MS / ROUNDS; waited_ms++) {
    if (is_done(keep)) {
      return true;
    }
    nanosleep(&pause, NULL);
  }
  return is_done(keep);
}

/* The C library refuses to install a handler for this signal, so the kernel is told directly; how
 * a handler returns is copied from one that the library has installed. */
static bool install_handler(unsigned char before[ACTION_OCTETS]) {
  const int donor = SIGRTMAX;
  struct sigaction action = {.sa_sigaction = handle_signal, .sa_flags = SA_RESTART | SA_SIGINFO};
  struct sigaction donors;
  unsigned char ours[ACTION_OCTETS] = {0};
  sigfillset(&action.sa_mask);
  if (sigaction(donor, &action, &donors) != 0) {
    return false;
  }
  const bool is_installed =
      syscall(SYS_rt_sigaction, donor, NULL, ours, MASK_OCTETS) == 0 &&
      syscall(SYS_rt_sigaction, EVERY_THREAD_SIGNAL, ours, before, MASK_OCTETS) == 0;
  sigaction(donor, &donors, NULL);
  return is_installed;
}

bool tp_privileges_keep(uint64_t keep) {
  unsigned char before[ACTION_OCTETS] = {0};
  const struct visitor visitor = {.visit = visit_to_ask, .keep = keep};
  reduce_thread(keep);
  if (is_done(keep)) {
    return true;
  }
  if (!install_handler(before)) {
    return false;
  }
  for (uint32_t round = 0; round < ROUNDS; round++) {
    for_each_thread(&visitor);
    if (await_threads(keep)) {
      break;
    }
  }
  syscall(SYS_rt_sigaction, EVERY_THREAD_SIGNAL, before, NULL, MASK_OCTETS);
  return is_done(keep);
}
