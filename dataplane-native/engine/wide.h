/*
 * wide.h - numbers of more than 128 bits, for generated pipelines: limbs of 64 bits, the least
 * significant first, in two's complement. How many there are is a constant wherever these are
 * called. Without a sign or with one is the same to sums, products and left shifts. What is written
 * is none of what is read; nothing here allocates, and all of it is free of undefined behaviour for
 * every argument.
 */
#ifndef TIMEPLANE_WIDE_H
#define TIMEPLANE_WIDE_H

#include "primitives.h"

/* What stands above the top limb of a number with a sign. */
TP_PRIMITIVE uint64_t tp_wide_sign(uint64_t top) {
  return (uint64_t)((int64_t)top >> 63);
}

/* --- the ring of `limbs` limbs ---------------------------------------------------------------- */

TP_PRIMITIVE void tp_wide_add(uint64_t *sum, const uint64_t *a, const uint64_t *b, uint32_t limbs) {
  uint64_t carry = 0;
  for (uint32_t i = 0; i < limbs; i++) {
    const tp_u128 limb = (tp_u128)a[i] + b[i] + carry;
    sum[i] = (uint64_t)limb;
    carry = (uint64_t)(limb >> 64);
  }
}

TP_PRIMITIVE void tp_wide_subtract(uint64_t *difference, const uint64_t *a, const uint64_t *b,
                                   uint32_t limbs) {
  uint64_t borrow = 0;
  for (uint32_t i = 0; i < limbs; i++) {
    const tp_u128 limb = (tp_u128)a[i] - b[i] - borrow;
    difference[i] = (uint64_t)limb;
    borrow = (uint64_t)(limb >> 64) & 1u;
  }
}

/* The low half of the product: its other half is never asked for. */
TP_PRIMITIVE void tp_wide_multiply(uint64_t *product, const uint64_t *a, const uint64_t *b,
                                   uint32_t limbs) {
  memset(product, 0, limbs * sizeof *product);
  for (uint32_t i = 0; i < limbs; i++) {
    uint64_t carry = 0;
    for (uint32_t j = 0; i + j < limbs; j++) {
      const tp_u128 limb = (tp_u128)a[i] * b[j] + product[i + j] + carry;
      product[i + j] = (uint64_t)limb;
      carry = (uint64_t)(limb >> 64);
    }
  }
}

/* --- shifts by what is not a constant -----------------------------------------------------------
 */

TP_PRIMITIVE void tp_wide_shift_left(uint64_t *shifted, const uint64_t *value, uint64_t count,
                                     uint32_t limbs) {
  const uint32_t whole = count / 64u < limbs ? (uint32_t)(count / 64u) : limbs;
  const uint32_t bits = (uint32_t)(count % 64u);
  for (uint32_t i = 0; i < limbs; i++) {
    const uint64_t limb = i >= whole ? value[i - whole] : 0;
    const uint64_t below = i > whole ? value[i - whole - 1u] : 0;
    shifted[i] = bits == 0 ? limb : (limb << bits) | (below >> (64u - bits));
  }
}

/* `fill`: what stands above the top limb, zero or its sign. */
TP_PRIMITIVE void tp_wide_shift_right(uint64_t *shifted, const uint64_t *value, uint64_t count,
                                      uint64_t fill, uint32_t limbs) {
  const uint32_t whole = count / 64u < limbs ? (uint32_t)(count / 64u) : limbs;
  const uint32_t bits = (uint32_t)(count % 64u);
  for (uint32_t i = 0; i < limbs; i++) {
    const uint64_t limb = i + whole < limbs ? value[i + whole] : fill;
    const uint64_t above = i + whole + 1u < limbs ? value[i + whole + 1u] : fill;
    shifted[i] = bits == 0 ? limb : (limb >> bits) | (above << (64u - bits));
  }
}

/* --- order
 * ---------------------------------------------------------------------------------------- */

TP_PRIMITIVE bool tp_wide_less(const uint64_t *a, const uint64_t *b, uint32_t limbs) {
  for (uint32_t i = limbs; i-- > 0;) {
    if (a[i] != b[i]) {
      return a[i] < b[i];
    }
  }
  return false;
}

/* Of numbers with a sign. */
TP_PRIMITIVE bool tp_wide_less_signed(const uint64_t *a, const uint64_t *b, uint32_t limbs) {
  const int64_t top_a = (int64_t)a[limbs - 1u];
  const int64_t top_b = (int64_t)b[limbs - 1u];
  return top_a != top_b ? top_a < top_b : tp_wide_less(a, b, limbs - 1u);
}

#define TP_DEFINE_WIDE_CLAMP(name, less)                                                           \
  TP_PRIMITIVE void name(uint64_t *clamped, const uint64_t *value, const uint64_t *low,            \
                         const uint64_t *high, uint32_t limbs) {                                   \
    const uint64_t *const within = less(value, low, limbs)    ? low                                \
                                   : less(high, value, limbs) ? high                               \
                                                              : value;                             \
    memcpy(clamped, within, limbs * sizeof *clamped);                                              \
  }
TP_DEFINE_WIDE_CLAMP(tp_wide_clamp, tp_wide_less)
TP_DEFINE_WIDE_CLAMP(tp_wide_clamp_signed, tp_wide_less_signed)

/* A number without a sign as a count or an index: above 64 bits, the largest one. */
TP_PRIMITIVE uint64_t tp_wide_index(const uint64_t *value, uint32_t limbs) {
  uint64_t above = 0;
  for (uint32_t i = 1; i < limbs; i++) {
    above |= value[i];
  }
  return above == 0 ? value[0] : UINT64_MAX;
}

/* --- division, of numbers without a sign ---------------------------------------------------------
 */

/* Bit by bit, as on paper: programs seldom divide. By zero, both are zero. Never inlined: a hundred
 * divisions of the widest numbers would keep the C compiler busy for a minute. */
static __attribute__((unused, noinline)) void tp_wide_divide(uint64_t *quotient,
                                                             uint64_t *remainder, const uint64_t *a,
                                                             const uint64_t *b, uint32_t limbs) {
  memset(quotient, 0, limbs * sizeof *quotient);
  memset(remainder, 0, limbs * sizeof *remainder);
  uint64_t any = 0;
  for (uint32_t i = 0; i < limbs; i++) {
    any |= b[i];
  }
  if (any == 0) {
    return;
  }
  for (uint32_t bit = limbs * 64u; bit-- > 0;) {
    uint64_t carry = a[bit / 64u] >> (bit % 64u) & 1u;
    for (uint32_t i = 0; i < limbs; i++) {
      const uint64_t top = remainder[i] >> 63;
      remainder[i] = remainder[i] << 1 | carry;
      carry = top;
    }
    if (carry == 0 && tp_wide_less(remainder, b, limbs)) {
      continue;
    }
    uint64_t borrow = 0;
    for (uint32_t i = 0; i < limbs; i++) {
      const tp_u128 limb = (tp_u128)remainder[i] - b[i] - borrow;
      remainder[i] = (uint64_t)limb;
      borrow = (uint64_t)(limb >> 64) & 1u;
    }
    quotient[bit / 64u] |= UINT64_C(1) << (bit % 64u);
  }
}

#endif
