/*
 * v1model_records.p4: what two-step event messages leave behind, in v1model's registers.
 *
 * A cell holds one message's residence by one egress port. A key has two places, where two halves
 * of its hash point to; a live record of another message in both gives way, and is counted. So the
 * table is bounded, and what it forgets is dropped, never guessed.
 *
 *   record_key     record_key_t
 *   record_value   scaled nanoseconds: all that a one-step port would have added
 *   record_info    state 2 | egress slot 7 | ingress slot 7 | kind 2 | ticks 46
 */
#ifndef TIMEPLANE_V1MODEL_RECORDS_P4
#define TIMEPLANE_V1MODEL_RECORDS_P4

#include "../core/types.p4"
#include "../core/two_step.p4"

typedef bit<2> record_state_t;
const record_state_t RECORD_FREE    = 0;
const record_state_t RECORD_PENDING = 1; /* sent, its time not known yet */
const record_state_t RECORD_KNOWN   = 2;
const record_state_t RECORD_USED    = 3; /* the place may be taken */

/* Modulo 2^46 ticks: 19 hours of nanoseconds. */
const bit<46> RECORD_LIFETIME = (bit<46>) RECORD_LIFETIME_TICKS;

/* In the hash, where the ingress port is not part of what both messages know. */
const slot_t ANY_SLOT = SLOT_UNKNOWN;

@name("record_key")   register<record_key_t>(65536) record_keys;
@name("record_value") register<bit<64>>(65536)      record_values;
@name("record_info")  register<bit<64>>(65536)      record_infos;

control places_of(in record_key_t key, in record_kind_t kind, in slot_t egress_slot,
                  in slot_t ingress_slot, out bit<32> first, out bit<32> second) {
    apply {
        bit<32> hashed = 0;
        hash(hashed, HashAlgorithm.crc32, 32w0,
             { key, kind ++ egress_slot ++ ingress_slot }, 32w0xFFFFFFFF);
        first = (bit<32>) hashed[15:0];
        second = (bit<32>) hashed[31:16];
    }
}

/* A place for a message's record, in state pending. */
control open_record(in metadata_t meta, in record_key_t key, in record_kind_t kind,
                    in slot_t hashed_slot, out bit<16> index, out bit<1> overwritten) {
    apply {
        bit<32> first = 0;
        bit<32> second = 0;
        record_key_t first_key = 0;
        record_key_t second_key = 0;
        bit<64> first_info = 0;
        bit<64> second_info = 0;
        places_of.apply(key, kind, meta.egress_slot, hashed_slot, first, second);
        record_keys.read(first_key, first);
        record_infos.read(first_info, first);
        record_keys.read(second_key, second);
        record_infos.read(second_info, second);
        bit<1> first_free = 0;
        bit<1> second_free = 0;
        if (first_info[63:62] == RECORD_FREE || first_info[63:62] == RECORD_USED
                || meta.egress_ticks[45:0] - first_info[45:0] > RECORD_LIFETIME) {
            first_free = 1;
        }
        if (second_info[63:62] == RECORD_FREE || second_info[63:62] == RECORD_USED
                || meta.egress_ticks[45:0] - second_info[45:0] > RECORD_LIFETIME) {
            second_free = 1;
        }
        overwritten = 0;
        bit<32> place = first;
        if (first_key == key && first_info[61:55] == meta.egress_slot && first_info[47:46] == kind) {
            place = first; /* the same message once more */
        } else if (second_key == key && second_info[61:55] == meta.egress_slot
                && second_info[47:46] == kind) {
            place = second;
        } else if (first_free == 0 && second_free == 1) {
            place = second;
        } else if (first_free == 0) {
            overwritten = 1;
        }
        record_keys.write(place, key);
        record_infos.write(place,
            RECORD_PENDING ++ meta.egress_slot ++ meta.slot ++ kind ++ meta.egress_ticks[45:0]);
        index = place[15:0];
    }
}

/* The time is known. A record that has given way in between stays lost. */
control close_record(in metadata_t meta, in record_key_t key, in record_kind_t kind,
                     in record_state_t state, in scaled_ns_t value) {
    apply {
        record_key_t kept = 0;
        bit<64> info = 0;
        bit<32> place = (bit<32>) meta.record_index;
        record_keys.read(kept, place);
        record_infos.read(info, place);
        if (kept == key && info[61:55] == meta.egress_slot && info[47:46] == kind) {
            record_values.write(place, value);
            record_infos.write(place,
                state ++ meta.egress_slot ++ meta.slot ++ kind ++ meta.egress_ticks[45:0]);
        }
    }
}

/* state RECORD_FREE: there is none. */
control find_record(in metadata_t meta, in record_key_t key, in record_kind_t kind,
                    in slot_t egress_slot, in slot_t hashed_slot, out record_state_t state, out slot_t ingress_slot,
                    out bit<32> place) {
    apply {
        bit<32> first = 0;
        bit<32> second = 0;
        record_key_t kept = 0;
        bit<64> info = 0;
        places_of.apply(key, kind, egress_slot, hashed_slot, first, second);
        place = first;
        record_keys.read(kept, first);
        record_infos.read(info, first);
        if (kept != key || info[61:55] != egress_slot || info[47:46] != kind) {
            place = second;
            record_keys.read(kept, second);
            record_infos.read(info, second);
        }
        state = info[63:62];
        ingress_slot = info[54:48];
        if (kept != key || info[61:55] != egress_slot || info[47:46] != kind
                || meta.egress_ticks[45:0] - info[45:0] > RECORD_LIFETIME) {
            state = RECORD_FREE;
        }
    }
}

control use_record(in bit<32> place, out scaled_ns_t value) {
    apply {
        bit<64> info = 0;
        record_values.read(value, place);
        record_infos.read(info, place);
        record_infos.write(place, RECORD_USED ++ info[61:0]);
    }
}

#endif
