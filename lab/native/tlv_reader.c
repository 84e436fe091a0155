/* Reads ptp4l's slave event datagrams from a UNIX socket (Node has none) and prints each as one
 * line of hexadecimal digits. What the octets mean is lab/measure/slave-events.ts's business.
 *
 * Output is gathered for FLUSH_INTERVAL_MS, so that whoever reads it wakes a few times a second
 * and not once a Sync: the machine that measures must not be kept busy by its own measuring.
 *
 * usage: tlv_reader SOCKET_PATH
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { DATAGRAM_MAX_BYTES = 2048, FLUSH_INTERVAL_MS = 100, RECEIVE_BUFFER_BYTES = 1 << 20 };

static void print_hex(const unsigned char *octets, size_t count) {
  static const char digits[] = "0123456789abcdef";
  char line[2 * DATAGRAM_MAX_BYTES + 1];
  for (size_t i = 0; i < count; i++) {
    line[2 * i] = digits[octets[i] >> 4];
    line[2 * i + 1] = digits[octets[i] & 15];
  }
  line[2 * count] = '\n';
  (void)fwrite(line, 1, 2 * count + 1, stdout);
}

static long long monotonic_ms(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int open_socket(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    fprintf(stderr, "tlv_reader: the socket path is too long: %s\n", path);
    return -1;
  }
  memcpy(address.sun_path, path, strlen(path) + 1);
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
    fprintf(stderr, "tlv_reader: cannot bind %s: %s\n", path, strerror(errno));
    return -1;
  }
  int bytes = RECEIVE_BUFFER_BYTES;
  (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  return fd;
}

/* Reads until standard output is gone or the socket fails. */
static int forward(int fd) {
  unsigned char datagram[DATAGRAM_MAX_BYTES];
  long long flush_due_ms = -1;
  for (;;) {
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    long long wait_ms = flush_due_ms < 0 ? -1 : flush_due_ms - monotonic_ms();
    int ready = poll(&poller, 1, wait_ms < 0 ? (flush_due_ms < 0 ? -1 : 0) : (int)wait_ms);
    if (ready < 0 && errno != EINTR) {
      return 1;
    }
    if (ready > 0) {
      ssize_t count = recv(fd, datagram, sizeof datagram, 0);
      if (count < 0 && errno != EINTR) {
        return 1;
      }
      if (count > 0) {
        print_hex(datagram, (size_t)count);
        if (flush_due_ms < 0) {
          flush_due_ms = monotonic_ms() + FLUSH_INTERVAL_MS;
        }
      }
    }
    if (flush_due_ms >= 0 && monotonic_ms() >= flush_due_ms) {
      if (fflush(stdout) != 0) {
        return 0;
      }
      flush_due_ms = -1;
    }
  }
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: tlv_reader SOCKET_PATH\n");
    return 2;
  }
  (void)signal(SIGPIPE, SIG_IGN);
  int fd = open_socket(argv[1]);
  if (fd < 0) {
    return 1;
  }
  (void)setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  printf("ready\n");
  (void)fflush(stdout);
  return forward(fd);
}
