/* xdp_program.c - see xdp_program.h; bpf(2), and the kernel's
 * Documentation/networking/xdp-rx-metadata.rst for what drivers tell of a frame. */
#include "link/xdp_program.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "link/kernel_types.h"

/* Headers of older kernels lack it. */
#define DEV_BOUND_ONLY (1u << 6)
/* The kernel gives these functions to programs under such licences only. This program, and nothing
 * beside it, may be used under either. */
#define LICENCE "Dual MIT/GPL"

static int call_bpf(int command, union bpf_attr *attributes) {
  return (int)syscall(SYS_bpf, command, attributes, sizeof *attributes);
}

static uint64_t pointer(const void *of) {
  return (uint64_t)(uintptr_t)of;
}

/* --- instructions ---------------------------------------------------------------------------- */

#define INSTRUCTION_LIMIT 64u

/* struct bpf_insn without its bit-fields. */
struct instruction {
  uint8_t code;
  uint8_t registers;
  int16_t offset;
  int32_t value;
};
_Static_assert(sizeof(struct instruction) == sizeof(struct bpf_insn), "the kernel reads it");

struct listing {
  struct instruction list[INSTRUCTION_LIMIT];
  uint32_t count;
};

static void add(struct listing *listing, uint8_t code, uint8_t destination, uint8_t source,
                int16_t offset, int32_t value) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  const uint8_t registers = (uint8_t)(destination | source << 4);
#else
  const uint8_t registers = (uint8_t)(destination << 4 | source);
#endif
  listing->list[listing->count++] =
      (struct instruction){.code = code, .registers = registers, .offset = offset, .value = value};
}

static void move(struct listing *listing, uint8_t to, uint8_t from) {
  add(listing, BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}

static void move_number(struct listing *listing, uint8_t to, int32_t number) {
  add(listing, BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, number);
}

static void address(struct listing *listing, uint8_t to, uint8_t base, int32_t offset) {
  move(listing, to, base);
  add(listing, BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, offset);
}

static void load(struct listing *listing, uint8_t size, uint8_t to, uint8_t base, int offset) {
  add(listing, BPF_LDX | BPF_MEM | size, to, base, (int16_t)offset, 0);
}

static void store(struct listing *listing, uint8_t size, uint8_t base, int offset, uint8_t from) {
  add(listing, BPF_STX | BPF_MEM | size, base, from, (int16_t)offset, 0);
}

static void call_helper(struct listing *listing, int32_t helper) {
  add(listing, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

/* A jump whose target is not known yet: see land. */
static uint32_t jump(struct listing *listing, uint8_t condition, uint8_t left, uint8_t right) {
  add(listing, (uint8_t)(BPF_JMP | condition), left, right, 0, 0);
  return listing->count - 1;
}

static void land(struct listing *listing, uint32_t from) {
  listing->list[from].offset = (int16_t)(listing->count - from - 1);
}

/* --- the program ----------------------------------------------------------------------------- */

enum { CONTEXT = BPF_REG_6, TIME = BPF_REG_7, FLAGS = BPF_REG_8 };
#define HARDWARE_AT (-8) /* on the stack */
#define VLAN_AT     (-16)

/* Numbers of the functions with which a driver tells of a frame; 0: there is none. */
struct hints {
  int32_t timestamp;
  int32_t vlan_tag;
};

/* Asks the driver; the flag is set if it has an answer, which is on the stack then. */
static void ask(struct listing *listing, int32_t function, int32_t flag) {
  if (function == 0) {
    return;
  }
  move(listing, BPF_REG_1, CONTEXT);
  address(listing, BPF_REG_2, BPF_REG_10, flag == TP_XDP_HAS_VLAN ? VLAN_AT : HARDWARE_AT);
  address(listing, BPF_REG_3, BPF_REG_10, VLAN_AT + 2);
  add(listing, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, function);
  const uint32_t has_none = jump(listing, BPF_JNE | BPF_K, BPF_REG_0, 0);
  add(listing, BPF_ALU64 | BPF_OR | BPF_K, FLAGS, 0, 0, flag);
  land(listing, has_none);
}

/*
 *   if there is room before the frame:
 *     metadata = time, what the driver knows
 *   to the socket of its queue; where there is none, to the kernel
 */
static void write_program(struct listing *listing, int map_fd, struct hints hints) {
  const int32_t room = sizeof(struct tp_xdp_metadata);
  move(listing, CONTEXT, BPF_REG_1);
  move_number(listing, BPF_REG_2, -room);
  call_helper(listing, BPF_FUNC_xdp_adjust_meta);
  const uint32_t no_room = jump(listing, BPF_JNE | BPF_K, BPF_REG_0, 0);
  call_helper(listing, BPF_FUNC_ktime_get_tai_ns);
  move(listing, TIME, BPF_REG_0);
  move_number(listing, FLAGS, TP_XDP_HAS_SOFTWARE);
  move_number(listing, BPF_REG_0, 0);
  store(listing, BPF_DW, BPF_REG_10, HARDWARE_AT, BPF_REG_0);
  store(listing, BPF_DW, BPF_REG_10, VLAN_AT, BPF_REG_0);
  ask(listing, hints.timestamp, TP_XDP_HAS_HARDWARE);
  ask(listing, hints.vlan_tag, TP_XDP_HAS_VLAN);
  load(listing, BPF_W, BPF_REG_2, CONTEXT, offsetof(struct xdp_md, data_meta));
  load(listing, BPF_W, BPF_REG_3, CONTEXT, offsetof(struct xdp_md, data));
  address(listing, BPF_REG_4, BPF_REG_2, room);
  const uint32_t out_of_bounds = jump(listing, BPF_JGT | BPF_X, BPF_REG_4, BPF_REG_3);
  store(listing, BPF_DW, BPF_REG_2, offsetof(struct tp_xdp_metadata, software_ns), TIME);
  load(listing, BPF_DW, BPF_REG_5, BPF_REG_10, HARDWARE_AT);
  store(listing, BPF_DW, BPF_REG_2, offsetof(struct tp_xdp_metadata, hardware_ns), BPF_REG_5);
  store(listing, BPF_W, BPF_REG_2, offsetof(struct tp_xdp_metadata, flags), FLAGS);
  load(listing, BPF_W, BPF_REG_5, BPF_REG_10, VLAN_AT);
  store(listing, BPF_W, BPF_REG_2, offsetof(struct tp_xdp_metadata, vlan_type), BPF_REG_5);
  land(listing, no_room);
  land(listing, out_of_bounds);
  add(listing, BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map_fd);
  add(listing, 0, 0, 0, 0, 0); /* the number's upper half */
  load(listing, BPF_W, BPF_REG_2, CONTEXT, offsetof(struct xdp_md, rx_queue_index));
  move_number(listing, BPF_REG_3, XDP_PASS);
  call_helper(listing, BPF_FUNC_redirect_map);
  add(listing, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static int load_program(int map_fd, struct hints hints, unsigned ifindex) {
  struct listing listing = {0};
  write_program(&listing, map_fd, hints);
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.prog_type = BPF_PROG_TYPE_XDP;
  attributes.insns = pointer(listing.list);
  attributes.insn_cnt = listing.count;
  attributes.license = pointer(LICENCE);
  memcpy(attributes.prog_name, "timeplane", sizeof "timeplane");
  if (hints.timestamp != 0 || hints.vlan_tag != 0) {
    attributes.prog_flags = DEV_BOUND_ONLY; /* functions of just this driver */
    attributes.prog_ifindex = ifindex;
  }
  return call_bpf(BPF_PROG_LOAD, &attributes);
}

static struct hints find_hints(void) {
  static const char *const names[] = {"bpf_xdp_metadata_rx_timestamp",
                                      "bpf_xdp_metadata_rx_vlan_tag"};
  int32_t numbers[2];
  tp_kernel_functions(names, 2, numbers);
  return (struct hints){.timestamp = numbers[0], .vlan_tag = numbers[1]};
}

/* --- life cycle ------------------------------------------------------------------------------ */

static int make_map(int xdp_socket) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.map_type = BPF_MAP_TYPE_XSKMAP;
  attributes.key_size = sizeof(uint32_t);
  attributes.value_size = sizeof(uint32_t);
  attributes.max_entries = 1;
  const int map_fd = call_bpf(BPF_MAP_CREATE, &attributes);
  if (map_fd < 0) {
    return map_fd;
  }
  const uint32_t queue = 0;
  const uint32_t socket = (uint32_t)xdp_socket;
  memset(&attributes, 0, sizeof attributes);
  attributes.map_fd = (uint32_t)map_fd;
  attributes.key = pointer(&queue);
  attributes.value = pointer(&socket);
  if (call_bpf(BPF_MAP_UPDATE_ELEM, &attributes) != 0) {
    close(map_fd);
    return -1;
  }
  return map_fd;
}

static int attach_program(int program_fd, unsigned ifindex) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.link_create.prog_fd = (uint32_t)program_fd;
  attributes.link_create.target_ifindex = ifindex;
  attributes.link_create.attach_type = BPF_XDP;
  attributes.link_create.flags = XDP_FLAGS_DRV_MODE;
  return call_bpf(BPF_LINK_CREATE, &attributes);
}

static const char *set_up(struct tp_xdp_program *program, unsigned ifindex, int xdp_socket) {
  program->map_fd = make_map(xdp_socket);
  if (program->map_fd < 0) {
    return "making a map for an XDP program";
  }
  const struct hints hints = find_hints();
  program->program_fd = load_program(program->map_fd, hints, ifindex);
  program->has_hints = program->program_fd >= 0 && hints.vlan_tag != 0;
  if (program->program_fd < 0) { /* a driver that tells nothing, or an older kernel */
    program->program_fd = load_program(program->map_fd, (struct hints){0}, ifindex);
  }
  if (program->program_fd < 0) {
    return "loading an XDP program";
  }
  program->link_fd = attach_program(program->program_fd, ifindex);
  return program->link_fd < 0 ? "attaching an XDP program to the interface" : NULL;
}

const char *tp_xdp_program_open(struct tp_xdp_program *program, unsigned ifindex, int xdp_socket) {
  *program = (struct tp_xdp_program){.map_fd = -1, .program_fd = -1, .link_fd = -1};
  const char *step = set_up(program, ifindex, xdp_socket);
  if (step != NULL) {
    const int reason = errno;
    tp_xdp_program_close(program);
    errno = reason;
  }
  return step;
}

void tp_xdp_program_close(struct tp_xdp_program *program) {
  const int fds[] = {program->link_fd, program->program_fd, program->map_fd};
  for (uint32_t i = 0; i < 3; i++) {
    if (fds[i] >= 0) {
      close(fds[i]);
    }
  }
  *program = (struct tp_xdp_program){.map_fd = -1, .program_fd = -1, .link_fd = -1};
}
