/*
 * rows.c - table entries straight from P4Runtime's encoding into rows: those of which most large
 * batches are, with a match, a priority and an action with arguments, and nothing else. Whatever is
 * not among them, or is wrong, is left to who can say what it is.
 *
 * A plan says what the fields of a table's entries mean, in words of 32 bits:
 *
 *   head      table id, whether entries have priorities, key words, argument words,
 *             number of fields, number of actions
 *   field     id, kind of match, bits, word, shift
 *   action    id, index, number of parameters
 *     param   id, bits, word, shift
 */
#include <stdbool.h>
#include <string.h>

#include "engine.h"

enum match_kind { EXACT, LPM, TERNARY, RANGE, OPTIONAL, MATCH_KINDS };

#define MOST_VALUE_WORDS (TP_PLAN_MOST_BITS / 64)

struct plan_head {
  uint32_t table_id;
  uint32_t has_priorities;
  uint32_t key_words;
  uint32_t arg_words;
  uint32_t field_count;
  uint32_t action_count;
};

/* Bits of a key or of arguments: within a word, or from the beginning of one over several. */
struct plan_slot {
  uint32_t bits;
  uint32_t word;
  uint32_t shift;
};

struct plan_field {
  uint32_t id;
  uint32_t kind;
  struct plan_slot slot;
};

struct plan_action {
  uint32_t id;
  uint32_t index;
  uint32_t param_count;
};

struct plan_param {
  uint32_t id;
  struct plan_slot slot;
};

_Static_assert(sizeof(struct plan_head) == 6 * sizeof(uint32_t), "a plan's head");
_Static_assert(sizeof(struct plan_field) == 5 * sizeof(uint32_t), "a plan's field");
_Static_assert(sizeof(struct plan_action) == 3 * sizeof(uint32_t), "a plan's action");
_Static_assert(sizeof(struct plan_param) == 4 * sizeof(uint32_t), "a plan's parameter");

/* A part of a message. A field's key is its number and, below, how its value is written. */
struct part {
  const uint8_t *at;
  const uint8_t *end;
};

#define VARINT(field) ((field)*8u)
#define OCTETS(field) ((field)*8u + 2u)

/* One row as it is made. */
struct row {
  uint64_t *head;
  uint64_t *key;
  uint64_t *mask;
  uint64_t *args;
};

/* --- protobuf -------------------------------------------------------------------------------- */

/* A number of up to 32 bits, in five octets at most. */
static bool read_number(struct part *part, uint32_t *number) {
  uint32_t value = 0;
  for (uint32_t shift = 0; shift <= 28 && part->at < part->end; shift += 7) {
    const uint8_t octet = *part->at++;
    if (shift == 28 && octet > 0x0f) {
      return false;
    }
    value |= (uint32_t)(octet & 0x7f) << shift;
    if (octet < 0x80) {
      *number = value;
      return true;
    }
  }
  return false;
}

/* One that is an int32 and not negative. */
static bool read_positive(struct part *part, int32_t *number) {
  uint32_t value;
  if (!read_number(part, &value) || value > INT32_MAX) {
    return false;
  }
  *number = (int32_t)value;
  return true;
}

static bool read_part(struct part *part, struct part *inner) {
  uint32_t length;
  if (!read_number(part, &length) || length > (size_t)(part->end - part->at)) {
    return false;
  }
  *inner = (struct part){.at = part->at, .end = part->at + length};
  part->at += length;
  return true;
}

/* --- values ---------------------------------------------------------------------------------- */

static uint32_t words_of(const struct plan_slot *slot) {
  return (slot->bits + 63) / 64;
}

/* Bits [from, to) of a value, as far as they are in its word `word`. */
static uint64_t ones(uint32_t from, uint32_t to, uint32_t word) {
  const uint32_t base = 64 * word;
  const uint64_t below_to = to >= base + 64 ? UINT64_MAX
                            : to > base     ? (UINT64_C(1) << (to - base)) - 1
                                            : 0;
  const uint64_t below_from = from >= base + 64 ? UINT64_MAX
                              : from > base     ? (UINT64_C(1) << (from - base)) - 1
                                                : 0;
  return below_to & ~below_from;
}

/* The words of a bytestring, least significant first; false: it is empty or too large. */
static bool read_value(struct part octets, const struct plan_slot *slot, uint64_t *words) {
  if (octets.at == octets.end) {
    return false;
  }
  while (octets.at < octets.end && *octets.at == 0) {
    octets.at++;
  }
  const uint32_t count = words_of(slot);
  if (count == 0 || count > MOST_VALUE_WORDS ||
      (size_t)(octets.end - octets.at) > 8 * (size_t)count) {
    return false;
  }
  for (uint32_t word = 0; word < count; word++) {
    uint64_t value = 0;
    for (uint32_t shift = 0; shift < 64 && octets.end > octets.at; shift += 8) {
      value |= (uint64_t) * --octets.end << shift;
    }
    words[word] = value;
  }
  return (words[count - 1] & ~ones(0, slot->bits, count - 1)) == 0;
}

/* The slot's bits are zero before. */
static void put(uint64_t *words, const struct plan_slot *slot, const uint64_t *value) {
  for (uint32_t word = 0; word < words_of(slot); word++) {
    words[slot->word + word] |= value[word] << slot->shift;
  }
}

static void put_ones(uint64_t *words, const struct plan_slot *slot) {
  for (uint32_t word = 0; word < words_of(slot); word++) {
    words[slot->word + word] |= ones(0, slot->bits, word) << slot->shift;
  }
}

/* --- the match ------------------------------------------------------------------------------- */

/* What a FieldMatch says: value or low, mask or high. */
struct match {
  struct part first;
  struct part second;
  int32_t prefix_bits;
};

static bool read_match(struct part part, uint32_t kind, struct match *match) {
  static const uint8_t nothing[1];
  const struct part empty = {nothing, nothing};
  *match = (struct match){.first = empty, .second = empty};
  while (part.at < part.end) {
    uint32_t key;
    bool is_read = read_number(&part, &key);
    if (is_read && key == OCTETS(1)) {
      is_read = read_part(&part, &match->first);
    } else if (is_read && key == OCTETS(2) && (kind == TERNARY || kind == RANGE)) {
      is_read = read_part(&part, &match->second);
    } else if (is_read && key == VARINT(2) && kind == LPM) {
      is_read = read_positive(&part, &match->prefix_bits);
    } else {
      return false;
    }
    if (!is_read) {
      return false;
    }
  }
  return true;
}

/* `mask` of a value that has no bits outside it, and is not empty. */
static bool is_masked(const struct plan_slot *slot, const uint64_t *value, const uint64_t *mask) {
  uint64_t any = 0;
  uint64_t outside = 0;
  for (uint32_t word = 0; word < words_of(slot); word++) {
    any |= mask[word];
    outside |= value[word] & ~mask[word];
  }
  return any != 0 && outside == 0;
}

/* A range that is not empty and does not hold every value. */
static bool is_range(const struct plan_slot *slot, const uint64_t *low, const uint64_t *high) {
  return slot->bits <= 64 && low[0] <= high[0] &&
         (low[0] != 0 || high[0] != ones(0, slot->bits, 0));
}

static bool put_match(const struct row *row, const struct plan_field *field,
                      const struct match *match) {
  const struct plan_slot *slot = &field->slot;
  uint64_t value[MOST_VALUE_WORDS];
  uint64_t mask[MOST_VALUE_WORDS];
  if (!read_value(match->first, slot, value)) {
    return false;
  }
  put(row->key, slot, value);
  switch (field->kind) {
  case EXACT:
  case OPTIONAL:
    put_ones(row->mask, slot);
    return true;
  case LPM: {
    const uint32_t length = (uint32_t)match->prefix_bits;
    for (uint32_t word = 0; word < words_of(slot); word++) {
      mask[word] = length > slot->bits ? 0 : ones(slot->bits - length, slot->bits, word);
    }
    break;
  }
  case TERNARY:
  case RANGE:
    if (!read_value(match->second, slot, mask)) {
      return false;
    }
    break;
  default:
    return false;
  }
  put(row->mask, slot, mask);
  return field->kind == RANGE ? is_range(slot, value, mask) : is_masked(slot, value, mask);
}

static const struct plan_field *fields_of(const struct plan_head *plan) {
  return (const struct plan_field *)(plan + 1);
}

/* Numbers of FieldMatch's oneof, by kind. */
static const uint8_t KIND_FIELDS[MATCH_KINDS] = {
    [EXACT] = 2, [TERNARY] = 3, [LPM] = 4, [RANGE] = 6, [OPTIONAL] = 7};

/* Puts one field of the match; its bit in *seen. */
static bool put_field(const struct plan_head *plan, const struct row *row, struct part part,
                      uint32_t *seen) {
  uint32_t id = 0;
  uint32_t kind_key = 0;
  struct part kind_part = part;
  while (part.at < part.end) {
    uint32_t key;
    if (!read_number(&part, &key)) {
      return false;
    }
    if (key == VARINT(1)) {
      if (!read_number(&part, &id)) {
        return false;
      }
    } else if (kind_key != 0 || !read_part(&part, &kind_part)) {
      return false;
    } else {
      kind_key = key;
    }
  }
  const struct plan_field *fields = fields_of(plan);
  for (uint32_t i = 0; i < plan->field_count; i++) {
    const struct plan_field *field = &fields[i];
    if (field->id == id) {
      struct match match;
      const uint32_t bit = UINT32_C(1) << i;
      const bool is_new = (*seen & bit) == 0 && kind_key == OCTETS(KIND_FIELDS[field->kind]);
      *seen |= bit;
      return is_new && read_match(kind_part, field->kind, &match) && put_match(row, field, &match);
    }
  }
  return false;
}

/* Of fields that are not given: any value. Exact ones must be. */
static bool put_others(const struct plan_head *plan, const struct row *row, uint32_t seen) {
  const struct plan_field *fields = fields_of(plan);
  for (uint32_t i = 0; i < plan->field_count; i++) {
    if ((seen & (UINT32_C(1) << i)) != 0) {
      continue;
    }
    if (fields[i].kind == EXACT) {
      return false;
    }
    if (fields[i].kind == RANGE) {
      put_ones(row->mask, &fields[i].slot);
    }
  }
  return true;
}

/* --- the action ------------------------------------------------------------------------------ */

static const struct plan_action *action_of(const struct plan_head *plan, uint32_t id) {
  const uint32_t *at = (const uint32_t *)(fields_of(plan) + plan->field_count);
  for (uint32_t i = 0; i < plan->action_count; i++) {
    const struct plan_action *action = (const struct plan_action *)at;
    if (action->id == id) {
      return action;
    }
    at = (const uint32_t *)((const struct plan_param *)(action + 1) + action->param_count);
  }
  return NULL;
}

static bool put_param(const struct row *row, const struct plan_param *param, struct part part) {
  uint32_t id = 0;
  struct part value = {part.at, part.at};
  while (part.at < part.end) {
    uint32_t key;
    if (!read_number(&part, &key)) {
      return false;
    }
    if (key == VARINT(2) ? !read_number(&part, &id)
                         : key != OCTETS(3) || !read_part(&part, &value)) {
      return false;
    }
  }
  uint64_t words[MOST_VALUE_WORDS];
  if (id != param->id || !read_value(value, &param->slot, words)) {
    return false;
  }
  put(row->args, &param->slot, words);
  return true;
}

/* A TableAction that is an action, with its parameters in the order of the program. */
static bool put_action(const struct plan_head *plan, const struct row *row, struct part part) {
  uint32_t key;
  uint32_t id = 0;
  struct part action;
  if (!read_number(&part, &key) || key != OCTETS(1) || !read_part(&part, &action) ||
      part.at != part.end) {
    return false;
  }
  const struct part all = action;
  struct part skipped;
  while (action.at < action.end) {
    if (!read_number(&action, &key) ||
        (key == VARINT(1) ? !read_number(&action, &id)
                          : key != OCTETS(4) || !read_part(&action, &skipped))) {
      return false;
    }
  }
  const struct plan_action *known = action_of(plan, id);
  if (known == NULL) {
    return false;
  }
  row->head[TP_ROW_ACTION] = known->index;
  const struct plan_param *params = (const struct plan_param *)(known + 1);
  uint32_t count = 0;
  for (action = all; action.at < action.end;) {
    struct part param;
    (void)read_number(&action, &key);
    if (key == VARINT(1)) {
      (void)read_number(&action, &id);
      continue;
    }
    (void)read_part(&action, &param);
    if (count == known->param_count || !put_param(row, &params[count], param)) {
      return false;
    }
    count++;
  }
  return count == known->param_count;
}

/* --- entries and updates --------------------------------------------------------------------- */

/* A TableEntry; `has_action` as is found. */
static bool put_entry(const struct plan_head *plan, const struct row *row, struct part entry,
                      bool *has_action) {
  uint32_t table_id = 0;
  int32_t priority = 0;
  uint32_t seen = 0;
  *has_action = false;
  while (entry.at < entry.end) {
    uint32_t key;
    struct part part;
    if (!read_number(&entry, &key)) {
      return false;
    }
    bool is_put;
    switch (key) {
    case VARINT(1):
      is_put = read_number(&entry, &table_id);
      break;
    case OCTETS(2):
      is_put = read_part(&entry, &part) && put_field(plan, row, part, &seen);
      break;
    case OCTETS(3):
      is_put = !*has_action && read_part(&entry, &part) && put_action(plan, row, part);
      *has_action = true;
      break;
    case VARINT(4):
      is_put = read_positive(&entry, &priority);
      break;
    default:
      is_put = false;
    }
    if (!is_put) {
      return false;
    }
  }
  row->head[TP_ROW_PRIORITY] = (uint64_t)priority;
  return table_id == plan->table_id && (priority != 0) == (plan->has_priorities != 0) &&
         put_others(plan, row, seen);
}

/* An Update's type and, of its entity, the table entry. */
static bool read_update(struct part update, uint32_t *type, struct part *entry) {
  bool has_entry = false;
  *type = 0;
  while (update.at < update.end) {
    uint32_t key;
    struct part entity;
    if (!read_number(&update, &key)) {
      return false;
    }
    if (key == VARINT(1)) {
      if (!read_number(&update, type)) {
        return false;
      }
      continue;
    }
    if (key != OCTETS(2) || has_entry || !read_part(&update, &entity) ||
        !read_number(&entity, &key) || key != OCTETS(2) || !read_part(&entity, entry) ||
        entity.at != entity.end) {
      return false;
    }
    has_entry = true;
  }
  return has_entry;
}

int tp_rows_decode(const uint32_t *plan, const uint8_t *octets, const uint32_t *bounds,
                   uint32_t count, uint32_t only_inserts, uint64_t *rows, uint8_t *operations) {
  const struct plan_head *head = (const struct plan_head *)plan;
  const uint32_t row_words = TP_ROW_HEAD_WORDS + 2 * head->key_words + head->arg_words;
  for (uint32_t done = 0; done < count; done++) {
    uint64_t *words = rows + (size_t)done * row_words;
    uint64_t *key = words + TP_ROW_HEAD_WORDS;
    const struct row row = {words, key, key + head->key_words, key + 2 * (size_t)head->key_words};
    const struct part update = {octets + bounds[2 * done], octets + bounds[2 * done + 1]};
    uint32_t type;
    struct part entry;
    bool has_action;
    if (!read_update(update, &type, &entry) || type < TP_ROW_INSERT || type > TP_ROW_REMOVE ||
        (only_inserts != 0 && type != TP_ROW_INSERT)) {
      return (int)done;
    }
    memset(words, 0, row_words * sizeof *words);
    if (!put_entry(head, &row, entry, &has_action) || (!has_action && type != TP_ROW_REMOVE)) {
      return (int)done;
    }
    operations[done] = (uint8_t)type;
  }
  return (int)count;
}
