/*
 * pipeline.h - the contract between a generated pipeline and the engine.
 *
 * The compiler turns a bmv2 JSON into one C file that includes this header, log.h, meter.h,
 * primitives.h, profile.h, shared.h, table.h, wide.h and nothing else. The file defines `const
 * struct tp_pipeline_ops timeplane_pipeline`, the only symbol that the engine looks up. A pipeline
 * keeps no state of its own: all of it lives in struct tp_pipeline, of which each thread that runs
 * it has one.
 *
 * One frame's way:
 *
 *   port -> ops->ingress -> traffic manager (drop, unicast, multicast, clone) -> egress queue
 *        -> ops->egress -> deferred correction -> port
 *             '----- TX event: once more, with the time at which it left <-----'
 *
 * Nothing here allocates, blocks or aborts.
 */
#ifndef TIMEPLANE_PIPELINE_H
#define TIMEPLANE_PIPELINE_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TP_ABI_VERSION 8u

/* Fields wider than 64 bits; gcc and clang have it on every 64-bit target. */
__extension__ typedef unsigned __int128 tp_u128;
__extension__ typedef __int128 tp_i128;

/* v1model ports are bit<9>; 511 is where mark_to_drop sends a frame. */
#define TP_PORT_COUNT 512u
#define TP_PORT_DROP  511u

/* Free octets in front of every received frame, for headers that a pipeline adds. */
#define TP_HEADROOM 256u

/* standard_metadata.instance_type, with simple_switch's numbers. */
enum tp_instance_type {
  TP_INSTANCE_NORMAL = 0,
  TP_INSTANCE_CLONE_I2E = 1,
  TP_INSTANCE_CLONE_E2E = 2,
  TP_INSTANCE_RECIRCULATED = 4,
  TP_INSTANCE_REPLICATED = 5,
  TP_INSTANCE_RESUBMITTED = 6,
};

/*
 * v1model's standard_metadata_t, in host order. Timestamps are microseconds here, as on
 * simple_switch, so that a program written for it sees what it expects; nanoseconds are in the
 * timeplane_intrinsic_t header (see struct tp_packet).
 */
struct tp_standard_metadata {
  uint64_t ingress_global_timestamp; /* bit<48>, us */
  uint64_t egress_global_timestamp;  /* bit<48>, us */
  uint32_t packet_length;
  uint32_t instance_type;
  uint32_t enq_timestamp; /* us */
  uint32_t deq_timedelta; /* us */
  uint32_t enq_qdepth;    /* bit<19>, frames */
  uint32_t deq_qdepth;    /* bit<19>, frames */
  uint32_t parser_error;
  uint16_t ingress_port;
  uint16_t egress_spec;
  uint16_t egress_port;
  uint16_t mcast_grp;
  uint16_t egress_rid;
  uint8_t checksum_error;
  uint8_t priority;
};

/*
 * What a pass through ingress or egress asks of the traffic manager beside egress_spec and
 * mcast_grp. Zero means "not asked"; sessions, field lists and assertions are stored plus one.
 */
struct tp_requests {
  uint32_t clone_session_plus1;
  uint32_t clone_field_list_plus1; /* 0: nothing is preserved */
  uint32_t resubmit_field_list_plus1;
  uint32_t recirculate_field_list_plus1;
  uint16_t truncate_plus1;         /* octets to cut it to, plus one; 0: whole frame */
  uint16_t failed_assertion_plus1; /* the first that failed: the frame goes no further */
  bool clone;
  bool resubmit;
  bool recirculate;
  bool lost; /* the deparser ran out of headroom: drop and count */
};

/*
 * The deferred half of a correction. A program that has a header of type timeplane_intrinsic_t asks
 * for it by setting correction_offset in egress; the engine then adds the residence to the 64-bit
 * correctionField at that offset, in the last instruction before the frame leaves:
 *
 *   residence_ns = (transmit time - start_ns) mod 2^48
 *   correctionField = saturating_add(correctionField,
 *                                    floor(residence_ns * (2^41 + rate_offset) / 2^25))
 *
 * and mends the ones' complement checksum at checksum_offset (0: none). Offsets are octets from the
 * frame's first octet, after the deparser.
 */
struct tp_deferred_correction {
  uint64_t start_ns;   /* 48-bit */
  int32_t rate_offset; /* (rate - 1) * 2^41: what the frame's stay is worth in the master's time */
  uint16_t correction_offset;
  uint16_t checksum_offset;
};

/* Why egress runs, as the program reads it in its header's field `event`. */
enum tp_event_kind {
  TP_EVENT_NONE = 0, /* the frame's first pass */
  /* 1 to 250: it was sent with that event_request, here is its transmit time */
  TP_EVENT_REQUEST_LIMIT = 250,
  TP_EVENT_AGAIN = 254, /* it waits, and its port had TX events */
  TP_EVENT_LATE = 255,  /* it waits, and its time is over */
};

/*
 * TX events. A frame whose program set event_request is sent and kept; when its transmit time is
 * known, egress runs over it again: headers and metadata are as the program left them, the header's
 * outputs are zero. What that pass makes is sent by the same port, unless it drops the frame.
 *
 * A frame whose program set wait_ns is not sent but kept, and brought again after bursts of its
 * port in which there were TX events, at the latest after wait_ns; a wait_ns of a later pass can
 * only bring that end nearer.
 */
struct tp_transmit_event {
  uint64_t time_ns;    /* of the transmission, 48-bit; 0 when it was not sent */
  uint64_t correction; /* correctionField as it was sent; 0 without a deferred correction */
  uint32_t wait_ns;    /* asked for by the last pass; 0: not to wait */
  uint8_t request;     /* asked for by the last pass; 0: no event */
  uint8_t kind;        /* of this pass: enum tp_event_kind */
  bool was_sent;       /* the engine's: a drop is no loss any more */
};

/*
 * One frame on its way through the pipeline. `phv` holds the program's headers and metadata
 * (ops->phv_octets of them) and stays with the frame from ingress to egress, as in simple_switch.
 *
 * The program's header of type timeplane_intrinsic_t, if it has one, is never parsed and never
 * emitted. It is always valid and bound to this struct:
 *   bit<48> ingress_time_ns    <- rx_time_ns        before the parser
 *   bit<48> egress_time_ns     <- tx_estimate_ns    before egress
 *   bit<48> residence_start_ns -> deferred.start_ns           after egress
 *   bit<16> correction_offset  -> deferred.correction_offset  after egress
 *   bit<16> checksum_offset    -> deferred.checksum_offset    after egress
 *   bit<32> rate_offset        -> deferred.rate_offset        after egress, signed
 *   bit<8>  event_request      -> event.request               after egress
 *   bit<32> wait_ns            -> event.wait_ns               after egress
 *   bit<8>  event              <- event.kind                  before egress
 *   bit<48> event_time_ns      <- event.time_ns               before egress
 *   bit<64> event_correction   <- event.correction            before egress
 * A program declares those that it uses. Before a pass that is not the first, the fields that it
 * writes (->) are zero.
 */
struct tp_packet {
  uint8_t *data;           /* first octet of the frame; TP_HEADROOM octets before it at reception */
  uint8_t *buffer;         /* start of the memory that holds the frame */
  uint32_t length;         /* octets of the frame, without FCS */
  uint32_t capacity;       /* octets of buffer */
  uint32_t payload_offset; /* from data: first octet that the parser did not extract */
  uint16_t truncate_plus1; /* the engine's: cut to one less after the deparser; 0: whole frame */
  uint16_t passes;         /* the engine's: how often resubmitted or recirculated */
  uint64_t rx_time_ns;     /* receive time, ns of the dataplane's clock, all 64 bits */
  uint64_t tx_estimate_ns; /* set before egress: when the frame is expected to leave */
  union {
    uint64_t enqueued_ns;   /* until its first pass through egress */
    uint64_t wait_until_ns; /* while it waits: schedule time */
  };
  struct tp_packet *next; /* free list */
  struct tp_requests requests;
  struct tp_deferred_correction deferred;
  struct tp_transmit_event event;
  struct tp_standard_metadata sm;
  int32_t grown_octets; /* by setValid and setInvalid: see packet_length in c/packet-length.ts */
  alignas(16) unsigned char phv[];
};

/* --- state of a loaded pipeline ------------------------------------------------------------ */

struct tp_counter {
  uint64_t packets;
  uint64_t octets;
};

struct tp_log;           /* log.h */
struct tp_meter;         /* meter.h */
struct tp_profile;       /* profile.h */
struct tp_register_lock; /* shared.h */
struct tp_table;         /* table.h */

enum tp_table_kind {
  TP_TABLE_KEYLESS = 0, /* only a default action */
  TP_TABLE_EXACT = 1,
  TP_TABLE_LPM = 2,     /* one lpm field, any number of exact ones */
  TP_TABLE_TERNARY = 3, /* ternary, range, optional, with or without exact and lpm fields */
};

/*
 * A key is key_words host-order 64-bit words; which field sits where is the compiler's layout (see
 * compiler/layout.ts). The same for an action's arguments.
 */
struct tp_table_spec {
  const char *name;  /* escaped by the compiler; for messages only */
  uint8_t kind;      /* enum tp_table_kind */
  uint8_t key_words; /* 0 for TP_TABLE_KEYLESS, at most TP_MAX_KEY_WORDS */
  uint8_t arg_words; /* the widest action's */
  bool direct_counter;
  bool direct_meter;
  bool supports_timeout; /* hits are noted: see tp_touch in shared.h */
  uint32_t max_entries;
  /* Bit i: key word i is a range field, alone in its word; bit TP_MAX_KEY_WORDS + i: and goes on in
   * the next word, which is higher. */
  uint32_t range_words;
  uint32_t direct_bits; /* EXACT: the whole key's bits if it is looked up by index, else 0 */
  uint16_t lpm_bits;    /* LPM: width of the lpm field, 0: not told */
  uint8_t lpm_word;     /* the key word in which it begins, */
  uint8_t lpm_shift;    /* so many bits up */
};

#define TP_MAX_KEY_WORDS   16u
#define TP_MAX_ARG_WORDS   32u
#define TP_MAX_DIRECT_BITS 12u

/* An action profile; a table with one has arg_words 1, see profile.h. */
struct tp_profile_spec {
  uint32_t size;      /* members */
  uint32_t arg_words; /* the widest action's */
};

struct tp_register_spec {
  uint32_t size;  /* cells */
  uint32_t words; /* 64-bit words per cell: 1 or 2 */
};

/*
 * A thread's view of the pipeline's state. Threads share what is behind the first group of
 * pointers, by shared.h's rules; the rest is each thread's own.
 */
struct tp_pipeline {
  struct tp_table *tables;                 /* ops->table_count */
  struct tp_profile *profiles;             /* ops->profile_count */
  struct tp_meter **meters;                /* ops->meter_count arrays */
  uint64_t **registers;                    /* ops->register_count arrays; little-word-first */
  struct tp_register_lock *register_locks; /* TP_REGISTER_LOCKS */
  bool is_shared;                          /* more than one thread runs the pipeline */

  struct tp_counter **counters; /* ops->counter_count arrays; a counter is all threads' sum */
  struct tp_log *log;           /* where log_msg puts its messages */
  uint64_t random_state;        /* xorshift64*, seeded by the engine */
  uint64_t now_ns;              /* the dataplane's clock at the start of this burst */
  uint64_t steady_ns;           /* likewise, but never set back: what meters go by */
  void *context;                /* the engine's */
  /* Sends `words` to the control plane as one message of digest list `list`. Never blocks. */
  void (*emit_digest)(struct tp_pipeline *pipeline, uint32_t list, const uint64_t *words,
                      uint32_t word_count);
  /*
   * Makes the clone that egress asked for, of the frame and the PHV as they are: called where
   * requests.clone is set at the end of egress, before checksums and deparser change them.
   */
  void (*clone_egress)(struct tp_pipeline *pipeline, struct tp_packet *packet);
  /* Lets time pass before the caller looks at a lock of shared.h again, for the `turn`th time. */
  void (*lock_wait)(uint32_t turn);
};

/* What a generated pipeline exports. */
struct tp_pipeline_ops {
  uint32_t abi_version;
  uint32_t phv_octets;
  uint32_t phv_copied_octets; /* the first so many go from ingress to egress */
  uint32_t table_count;
  uint32_t profile_count;
  uint32_t counter_count;
  uint32_t meter_count;
  uint32_t register_count;
  uint32_t digest_count;
  const struct tp_table_spec *tables;
  const struct tp_profile_spec *profiles;
  const uint32_t *counter_sizes; /* cells of each array */
  const uint32_t *meter_sizes;   /* likewise */
  const struct tp_register_spec *registers;
  const uint32_t *digest_words; /* words of each list's message */

  /*
   * Parses the frame and runs ingress (checksum verification included). The engine has set
   * data, length, rx_time_ns and sm.{ingress_port, packet_length, instance_type,
   * ingress_global_timestamp}; all else of sm and requests is zero. Resets the PHV itself, unless
   * `keep_metadata` (resubmit, recirculate and clones with a field list, already restored by
   * ops->preserve).
   */
  void (*ingress)(struct tp_pipeline *pipeline, struct tp_packet *packet, bool keep_metadata);

  /*
   * Runs egress, checksum update and the deparser; leaves the finished frame in data and length.
   * The engine has set tx_estimate_ns and sm.{egress_port, egress_rid, instance_type,
   * egress_global_timestamp, enq_*, deq_*}, event.{kind, time_ns, correction}, and cleared requests
   * and all else of deferred and event. It may run again over the frame that it left. A frame to
   * drop has sm.egress_spec == TP_PORT_DROP afterwards (egress_spec is cleared to egress_port's
   * value - 0 in simple_switch's sense - before egress starts; the generated code does that).
   */
  void (*egress)(struct tp_pipeline *pipeline, struct tp_packet *packet);

  /* Only the parser, for clones from ingress, whose frame is the received one. */
  void (*parse)(struct tp_pipeline *pipeline, struct tp_packet *packet, bool keep_metadata);

  /*
   * Clears `to`'s PHV, then copies the metadata fields of field list `list` (and the standard
   * metadata fields it names) from `from`.
   */
  void (*preserve)(struct tp_packet *to, const struct tp_packet *from, uint32_t list);

  /*
   * Headers, their validities and what a stack holds, for clones from egress, whose frame is that
   * of `from`. Comes after `preserve`.
   */
  void (*copy_headers)(struct tp_packet *to, const struct tp_packet *from);
};

#endif
