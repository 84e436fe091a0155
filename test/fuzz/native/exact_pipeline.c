/*
 * exact_pipeline.c - a compiled pipeline (the C file PIPELINE_C) that works, in each call, on a
 * copy of the packet in memory of just its size, frame and headers apart: a sanitizer sees every
 * octet that is read or written beyond either. In the engine's pool it would be another packet's.
 */
#include <stdlib.h>
#include <string.h>

#define timeplane_pipeline inner_pipeline
#include PIPELINE_C
#undef timeplane_pipeline

struct box {
  struct tp_packet *packet; /* the engine's */
  struct tp_packet *exact;
};

static struct box enclose(struct tp_packet *packet) {
  const size_t head = (size_t)(packet->data - packet->buffer);
  const size_t phv = offsetof(struct tp_packet, phv) + inner_pipeline.phv_octets;
  const size_t aligned = (phv + 63) & ~(size_t)63;
  struct box box = {packet, aligned_alloc(64, aligned)};
  if (box.exact == NULL || packet->length + head > packet->capacity) {
    abort();
  }
  memcpy(box.exact, packet, phv);
  box.exact->capacity = (uint32_t)(head + packet->length);
  box.exact->buffer = malloc(head + packet->length);
  if (box.exact->buffer == NULL) {
    abort();
  }
  box.exact->data = box.exact->buffer + head;
  memcpy(box.exact->data, packet->data, packet->length);
  return box;
}

static void release(struct box box) {
  uint8_t *buffer = box.packet->buffer;
  const uint32_t capacity = box.packet->capacity;
  const struct tp_packet *exact = box.exact;
  if (exact->data < exact->buffer ||
      (size_t)(exact->data - exact->buffer) + exact->length > exact->capacity) {
    abort(); /* a frame that is not in its memory */
  }
  memcpy(box.packet, exact, offsetof(struct tp_packet, phv) + inner_pipeline.phv_octets);
  box.packet->buffer = buffer;
  box.packet->capacity = capacity;
  box.packet->data = buffer + (exact->data - exact->buffer);
  memcpy(box.packet->data, exact->data, exact->length);
  free(exact->buffer);
  free(box.exact);
}

#ifdef PLANT_FAULT
/* For a test of the fuzzer: reads an octet too many of frames that begin in a certain way. */
static void plant_fault(struct tp_packet *packet) {
  if (packet->length > 1 && packet->data[0] == 0x5a && packet->data[1] > 0x80) {
    packet->sm.priority = packet->data[packet->length];
  }
}
#else
static void plant_fault(struct tp_packet *packet) {
  (void)packet;
}
#endif

static void exact_ingress(struct tp_pipeline *pipeline, struct tp_packet *packet,
                          bool keep_metadata) {
  const struct box box = enclose(packet);
  plant_fault(box.exact);
  inner_pipeline.ingress(pipeline, box.exact, keep_metadata);
  release(box);
}

static void exact_egress(struct tp_pipeline *pipeline, struct tp_packet *packet) {
  const struct box box = enclose(packet);
  inner_pipeline.egress(pipeline, box.exact);
  release(box);
}

static void exact_parse(struct tp_pipeline *pipeline, struct tp_packet *packet,
                        bool keep_metadata) {
  const struct box box = enclose(packet);
  inner_pipeline.parse(pipeline, box.exact, keep_metadata);
  release(box);
}

static void exact_preserve(struct tp_packet *to, const struct tp_packet *from, uint32_t list) {
  inner_pipeline.preserve(to, from, list);
}

__attribute__((visibility("default"))) struct tp_pipeline_ops timeplane_pipeline;

/* The inner one's, but for what is done to packets. */
__attribute__((constructor)) static void fill_in(void) {
  timeplane_pipeline = inner_pipeline;
  timeplane_pipeline.ingress = exact_ingress;
  timeplane_pipeline.egress = exact_egress;
  timeplane_pipeline.parse = exact_parse;
  timeplane_pipeline.preserve = exact_preserve;
}
