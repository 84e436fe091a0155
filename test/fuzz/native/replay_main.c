/*
 * replay_main.c - runs a fuzzing target over files, for a compiler without libFuzzer: what is in
 * the corpus is tried everywhere.
 *
 *   replay FILE …
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t octets);

static int run_file(const char *path) {
  static uint8_t data[1u << 20];
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    fprintf(stderr, "replay: %s cannot be read\n", path);
    return 1;
  }
  const size_t octets = fread(data, 1, sizeof data, file);
  fclose(file);
  /* Memory of just its size: reading on would be found. */
  uint8_t *exact = malloc(octets == 0 ? 1 : octets);
  if (exact == NULL) {
    return 1;
  }
  for (size_t i = 0; i < octets; i++) {
    exact[i] = data[i];
  }
  LLVMFuzzerTestOneInput(exact, octets);
  free(exact);
  return 0;
}

int main(int argc, char **argv) {
  LLVMFuzzerInitialize(&argc, &argv);
  int failed = 0;
  for (int i = 1; i < argc; i++) {
    failed |= run_file(argv[i]);
  }
  printf("%d inputs\n", argc - 1);
  return failed;
}
