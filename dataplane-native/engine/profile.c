/* profile.c - control operations on action profiles. See profile.h. */
#include "profile.h"

#include <stdlib.h>
#include <string.h>

#include "engine.h"

#define MEMBER_LIMIT (1u << 22)
#define GROUPS_LIMIT (1u << 22)

static struct tp_member *member_at(const struct tp_profile *profile, uint32_t index) {
  return tp_member_at(profile, index, profile->spec.arg_words);
}

int tp_profile_open(struct tp_profile *profile, const struct tp_profile_spec *spec) {
  memset(profile, 0, sizeof *profile);
  if (spec->size > MEMBER_LIMIT || spec->arg_words > TP_MAX_ARG_WORDS) {
    return TP_E_BAD_PIPELINE;
  }
  profile->spec = *spec;
  const size_t octets = sizeof(struct tp_member) + spec->arg_words * sizeof(uint64_t);
  profile->members = calloc(spec->size + 1u, octets);
  if (profile->members == NULL) {
    return TP_E_NO_MEMORY;
  }
  for (uint32_t i = 0; i <= spec->size; i++) {
    member_at(profile, i)->action = TP_ACTION_NONE;
  }
  return TP_OK;
}

void tp_profile_close(struct tp_profile *profile) {
  for (uint32_t i = 0; i < profile->group_capacity; i++) {
    free(profile->groups[i].members);
  }
  free(profile->groups);
  free(profile->members);
  memset(profile, 0, sizeof *profile);
}

/* --- members --------------------------------------------------------------------------------- */

static void set_action(const struct tp_profile *profile, struct tp_member *member, uint32_t action,
                       const uint64_t *args, uint32_t arg_words) {
  member->action = action;
  for (uint32_t i = 0; i < profile->spec.arg_words; i++) {
    member->words[i] = i < arg_words ? args[i] : 0;
  }
}

/* The member in use of that index, or null. */
static struct tp_member *used_member(const struct tp_profile *profile, uint32_t index) {
  struct tp_member *member = index < profile->fresh ? member_at(profile, index) : NULL;
  return member == NULL || member->action == TP_ACTION_NONE ? NULL : member;
}

int64_t tp_profile_add_member(struct tp_profile *profile, uint32_t action, const uint64_t *args,
                              uint32_t arg_words) {
  if (arg_words > profile->spec.arg_words || action == TP_ACTION_NONE) {
    return TP_E_OUT_OF_RANGE;
  }
  uint32_t index = profile->free_head_plus1 - 1;
  if (profile->free_head_plus1 != 0) {
    profile->free_head_plus1 = member_at(profile, index)->next_free;
  } else if (profile->fresh < profile->spec.size) {
    index = profile->fresh++;
  } else {
    return TP_E_FULL;
  }
  set_action(profile, member_at(profile, index), action, args, arg_words);
  return index;
}

int tp_profile_modify_member(struct tp_profile *profile, uint32_t member, uint32_t action,
                             const uint64_t *args, uint32_t arg_words) {
  struct tp_member *found = used_member(profile, member);
  if (found == NULL) {
    return TP_E_NOT_FOUND;
  }
  if (arg_words > profile->spec.arg_words || action == TP_ACTION_NONE) {
    return TP_E_OUT_OF_RANGE;
  }
  set_action(profile, found, action, args, arg_words);
  return TP_OK;
}

int tp_profile_remove_member(struct tp_profile *profile, uint32_t member) {
  struct tp_member *found = used_member(profile, member);
  if (found == NULL) {
    return TP_E_NOT_FOUND;
  }
  found->action = TP_ACTION_NONE;
  found->next_free = profile->free_head_plus1;
  profile->free_head_plus1 = member + 1;
  return TP_OK;
}

/* --- groups ---------------------------------------------------------------------------------- */

/* A copy of the list, null for an empty one. */
static int copy_members(const struct tp_profile *profile, const uint32_t *members, uint32_t count,
                        uint32_t **out) {
  *out = NULL;
  if (count > TP_GROUP_LIMIT) {
    return TP_E_FULL;
  }
  for (uint32_t i = 0; i < count; i++) {
    if (members[i] >= profile->spec.size) {
      return TP_E_OUT_OF_RANGE;
    }
  }
  if (count > 0) {
    *out = malloc(count * sizeof **out);
    if (*out == NULL) {
      return TP_E_NO_MEMORY;
    }
    memcpy(*out, members, count * sizeof **out);
  }
  return TP_OK;
}

/* The index of a group that is free; more of them where none is. */
static int64_t free_group(struct tp_profile *profile) {
  for (uint32_t i = 0; i < profile->group_capacity; i++) {
    if (!profile->groups[i].is_used) {
      return i;
    }
  }
  const uint32_t capacity = profile->group_capacity == 0 ? 16 : 2 * profile->group_capacity;
  if (capacity > GROUPS_LIMIT) {
    return TP_E_FULL;
  }
  struct tp_group *groups = realloc(profile->groups, capacity * sizeof *groups);
  if (groups == NULL) {
    return TP_E_NO_MEMORY;
  }
  const uint32_t first = profile->group_capacity;
  memset(groups + first, 0, (capacity - first) * sizeof *groups);
  profile->groups = groups;
  profile->group_capacity = capacity;
  return first;
}

int64_t tp_profile_add_group(struct tp_profile *profile, const uint32_t *members, uint32_t count) {
  uint32_t *copy;
  const int copied = copy_members(profile, members, count, &copy);
  if (copied != TP_OK) {
    return copied;
  }
  const int64_t index = free_group(profile);
  if (index < 0) {
    free(copy);
    return index;
  }
  profile->groups[index] = (struct tp_group){.members = copy, .count = count, .is_used = true};
  return index;
}

static struct tp_group *used_group(const struct tp_profile *profile, uint32_t index) {
  return index < profile->group_capacity && profile->groups[index].is_used ? &profile->groups[index]
                                                                           : NULL;
}

int tp_profile_modify_group(struct tp_profile *profile, uint32_t group, const uint32_t *members,
                            uint32_t count) {
  struct tp_group *found = used_group(profile, group);
  if (found == NULL) {
    return TP_E_NOT_FOUND;
  }
  uint32_t *copy;
  const int copied = copy_members(profile, members, count, &copy);
  if (copied == TP_OK) {
    free(found->members);
    found->members = copy;
    found->count = count;
  }
  return copied;
}

int tp_profile_remove_group(struct tp_profile *profile, uint32_t group) {
  struct tp_group *found = used_group(profile, group);
  if (found == NULL) {
    return TP_E_NOT_FOUND;
  }
  free(found->members);
  *found = (struct tp_group){0};
  return TP_OK;
}
