/* Gives every frame that leaves an interface one VLAN tag, and takes it from every frame that comes
 * in: for kernels without VLAN interfaces. Two programs of five instructions on the interface's
 * traffic control hooks (needs Linux 6.6 and the right to load them); they go with this process.
 *
 * usage: vlan_tagger INTERFACE VLAN
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of <linux/bpf.h> since Linux 6.6; the headers may be older than the kernel. */
enum { TCX_INGRESS = 46, TCX_EGRESS = 47, TCX_GO_ON = -1 };

enum { MAX_VLAN = 4094, TPID_VLAN = 0x8100 };

#define MOVE_IMMEDIATE(register, value)                                                            \
  ((struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (register), .imm = (value)})
#define CALL(helper) ((struct bpf_insn){.code = BPF_JMP | BPF_CALL, .imm = (helper)})
#define EXIT         ((struct bpf_insn){.code = BPF_JMP | BPF_EXIT})

static int bpf(int command, union bpf_attr *attributes) {
  return (int)syscall(SYS_bpf, command, attributes, sizeof *attributes);
}

static int load(const struct bpf_insn *code, size_t count) {
  static const char license[] = "Apache-2.0";
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.prog_type = BPF_PROG_TYPE_SCHED_CLS;
  attributes.insns = (uint64_t)(uintptr_t)code;
  attributes.insn_cnt = (uint32_t)count;
  attributes.license = (uint64_t)(uintptr_t)license;
  return bpf(BPF_PROG_LOAD, &attributes);
}

static int attach(int program, unsigned interface, uint32_t where) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.link_create.prog_fd = (uint32_t)program;
  attributes.link_create.target_ifindex = interface;
  attributes.link_create.attach_type = where;
  return bpf(BPF_LINK_CREATE, &attributes);
}

/* The context is in register 1 already; what either call returns does not matter: a frame that
 * cannot be changed goes on as it is. */
static int tag_what_leaves(unsigned interface, unsigned vlan) {
  const struct bpf_insn code[] = {
      MOVE_IMMEDIATE(BPF_REG_2, htons(TPID_VLAN)),
      MOVE_IMMEDIATE(BPF_REG_3, (int)vlan),
      CALL(BPF_FUNC_skb_vlan_push),
      MOVE_IMMEDIATE(BPF_REG_0, TCX_GO_ON),
      EXIT,
  };
  int program = load(code, sizeof code / sizeof code[0]);
  return program < 0 ? -1 : attach(program, interface, TCX_EGRESS);
}

static int untag_what_comes(unsigned interface) {
  const struct bpf_insn code[] = {
      CALL(BPF_FUNC_skb_vlan_pop),
      MOVE_IMMEDIATE(BPF_REG_0, TCX_GO_ON),
      EXIT,
  };
  int program = load(code, sizeof code / sizeof code[0]);
  return program < 0 ? -1 : attach(program, interface, TCX_INGRESS);
}

int main(int argc, char **argv) {
  unsigned vlan = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
  if (vlan == 0 || vlan > MAX_VLAN) {
    fprintf(stderr, "usage: vlan_tagger INTERFACE VLAN\n");
    return 2;
  }
  sigset_t ends;
  (void)sigemptyset(&ends);
  (void)sigaddset(&ends, SIGTERM);
  (void)sigaddset(&ends, SIGINT);
  (void)sigprocmask(SIG_BLOCK, &ends, NULL);
  unsigned interface = if_nametoindex(argv[1]);
  if (interface == 0 || tag_what_leaves(interface, vlan) < 0 || untag_what_comes(interface) < 0) {
    fprintf(stderr, "vlan_tagger: cannot tag on %s: %s\n", argv[1], strerror(errno));
    return 1;
  }
  printf("ready\n");
  (void)fflush(stdout);
  int signal_number;
  (void)sigwait(&ends, &signal_number);
  return 0;
}
