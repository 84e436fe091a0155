/* kernel_types.c - BTF, as the kernel's Documentation/bpf/btf.rst has it: a header, then types one
 * after the other, numbered from 1, each kind with its own tail, then their names. */
#include "link/kernel_types.h"

#include <fcntl.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TYPES_FILE         "/sys/kernel/btf/vmlinux"
#define TYPES_OCTETS_LIMIT (64u * 1024u * 1024u)

/* Kinds that headers of older kernels do not name. */
#define KIND_DECL_TAG 17u
#define KIND_TYPE_TAG 18u
#define KIND_ENUM64   19u

struct types {
  uint8_t *octets;
  size_t count;
};

static struct types read_types(void) {
  struct types types = {0};
  const int fd = open(TYPES_FILE, O_RDONLY | O_CLOEXEC);
  size_t room = 0;
  while (fd >= 0 && types.count < TYPES_OCTETS_LIMIT) {
    if (types.count == room) {
      room = room == 0 ? 8u * 1024u * 1024u : 2 * room;
      uint8_t *larger = realloc(types.octets, room);
      if (larger == NULL) {
        break;
      }
      types.octets = larger;
    }
    const ssize_t octets = read(fd, types.octets + types.count, room - types.count);
    if (octets <= 0) {
      break;
    }
    types.count += (size_t)octets;
  }
  if (fd >= 0) {
    close(fd);
  }
  return types;
}

/* Octets of a type after its first twelve; -1: a kind that is not known, and ends the search. */
static int64_t tail_octets(uint32_t info) {
  const int64_t members = BTF_INFO_VLEN(info);
  switch ((info >> 24) & 0x1f) { /* five bits since 5.13 */
  case BTF_KIND_INT:
  case BTF_KIND_VAR:
  case KIND_DECL_TAG:
    return 4;
  case BTF_KIND_ARRAY:
    return sizeof(struct btf_array);
  case BTF_KIND_STRUCT:
  case BTF_KIND_UNION:
  case BTF_KIND_DATASEC:
  case KIND_ENUM64:
    return members * 12;
  case BTF_KIND_ENUM:
  case BTF_KIND_FUNC_PROTO:
    return members * 8;
  case BTF_KIND_PTR:
  case BTF_KIND_FWD:
  case BTF_KIND_TYPEDEF:
  case BTF_KIND_VOLATILE:
  case BTF_KIND_CONST:
  case BTF_KIND_RESTRICT:
  case BTF_KIND_FUNC:
  case BTF_KIND_FLOAT:
  case KIND_TYPE_TAG:
    return 0;
  default:
    return -1;
  }
}

static bool is_valid(const struct types *types, const struct btf_header *header) {
  return header->magic == BTF_MAGIC && header->hdr_len <= types->count &&
         (uint64_t)header->hdr_len + header->type_off + header->type_len <= types->count &&
         (uint64_t)header->hdr_len + header->str_off + header->str_len <= types->count &&
         header->str_len != 0;
}

static void note_function(const char *name, int32_t number, const char *const *names,
                          uint32_t count, int32_t *out) {
  for (uint32_t i = 0; i < count; i++) {
    if (strcmp(name, names[i]) == 0) {
      out[i] = number;
    }
  }
}

void tp_kernel_functions(const char *const *names, uint32_t count, int32_t *out) {
  memset(out, 0, count * sizeof *out);
  struct types types = read_types();
  struct btf_header header;
  if (types.count >= sizeof header) {
    memcpy(&header, types.octets, sizeof header);
  }
  if (types.count < sizeof header || !is_valid(&types, &header)) {
    free(types.octets);
    return;
  }
  const uint8_t *first = types.octets + header.hdr_len + header.type_off;
  char *texts = (char *)types.octets + header.hdr_len + header.str_off;
  texts[header.str_len - 1] = 0;
  int64_t tail = 0;
  int32_t number = 1;
  for (uint64_t at = 0; at + sizeof(struct btf_type) <= header.type_len && tail >= 0; number++) {
    struct btf_type type;
    memcpy(&type, first + at, sizeof type);
    if (((type.info >> 24) & 0x1f) == BTF_KIND_FUNC && type.name_off < header.str_len) {
      note_function(texts + type.name_off, number, names, count, out);
    }
    tail = tail_octets(type.info);
    at += sizeof type + (uint64_t)tail;
  }
  free(types.octets);
}
