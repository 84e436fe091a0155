/* Command lines of the lab's generators: `PROGRAM INTERFACE… --name value …`. */
#ifndef TIMEPLANE_LAB_OPTIONS_H
#define TIMEPLANE_LAB_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ptp_frames.h"

struct option_value {
  const char *name;
  const char *value; /* its default, until the command line says otherwise */
};

static inline void usage(const char *program, const char *positional,
                         const struct option_value *options, size_t count) {
  fprintf(stderr, "usage: %s %s", program, positional);
  for (size_t i = 0; i < count; i++) {
    fprintf(stderr, " [--%s %s]", options[i].name, options[i].value);
  }
  fputc('\n', stderr);
}

/* Reads what follows the positional arguments; false, with a message, where it is no option. */
static inline bool options_read(int argc, char **argv, int first, struct option_value *options,
                                size_t count) {
  for (int i = first; i < argc; i += 2) {
    bool is_known = false;
    for (size_t j = 0; j < count && !is_known; j++) {
      is_known = strncmp(argv[i], "--", 2) == 0 && strcmp(argv[i] + 2, options[j].name) == 0;
      if (is_known && i + 1 < argc) {
        options[j].value = argv[i + 1];
      }
    }
    if (!is_known || i + 1 >= argc) {
      fprintf(stderr, "%s: '%s' is %s\n", argv[0], argv[i],
              is_known ? "without a value" : "no option");
      return false;
    }
  }
  return true;
}

static inline const char *option_text(const struct option_value *options, const char *name) {
  const struct option_value *option = options;
  while (strcmp(option->name, name) != 0) {
    option++;
  }
  return option->value;
}

/* A number; anything else ends the program with the exit code for wrong usage. */
static inline double option_number(const struct option_value *options, const char *name) {
  const char *text = option_text(options, name);
  char *end = NULL;
  const double value = strtod(text, &end);
  if (end == text || *end != '\0') {
    fprintf(stderr, "--%s: '%s' is no number\n", name, text);
    exit(2);
  }
  return value;
}

static inline uint64_t option_count(const struct option_value *options, const char *name) {
  const double value = option_number(options, name);
  if (value < 0 || value > 1e18) {
    fprintf(stderr, "--%s: '%s' is out of range\n", name, option_text(options, name));
    exit(2);
  }
  return (uint64_t)value;
}

/* Which of the words, which end in NULL, was given. */
static inline int option_choice(const struct option_value *options, const char *name,
                                const char *const *words) {
  const char *text = option_text(options, name);
  for (int i = 0; words[i] != NULL; i++) {
    if (strcmp(text, words[i]) == 0) {
      return i;
    }
  }
  fprintf(stderr, "--%s: not '%s', but one of", name, text);
  for (int i = 0; words[i] != NULL; i++) {
    fprintf(stderr, " %s", words[i]);
  }
  fputc('\n', stderr);
  exit(2);
}

/* A logMessageInterval that a generator can keep. */
static inline int8_t option_log(const struct option_value *options, const char *name) {
  const double value = option_number(options, name);
  if (value < -10 || value > 5) {
    fprintf(stderr, "--%s: expected -10 to 5\n", name);
    exit(2);
  }
  return (int8_t)value;
}

/* How long that is. */
static inline uint64_t log_interval_ns(int8_t log_interval) {
  const uint64_t second_ns = UINT64_C(1000000000);
  return log_interval >= 0 ? second_ns << log_interval : second_ns >> -log_interval;
}

static inline enum transport option_transport(const struct option_value *options) {
  static const char *const words[] = {"L2", "UDPv4", "UDPv6", NULL};
  return (enum transport)option_choice(options, "transport", words);
}

#endif
