/* profile.c - control operations on action profiles. See profile.h. */
#include "tables/profile.h"

#include <stdlib.h>
#include <string.h>

#include "engine.h"

#define MEMBER_LIMIT (1u << 22)
#define GROUPS_LIMIT (1u << 22)

static struct tp_member *member_at(const struct tp_profile *profile, uint32_t index) {
  return tp_member_at(profile, index, profile->spec.arg_words);
}

int tp_profile_open(struct tp_profile *profile, const struct tp_profile_spec *spec,
                    const uint8_t *links) {
  memset(profile, 0, sizeof *profile);
  if (spec->size > MEMBER_LIMIT || spec->arg_words > TP_MAX_ARG_WORDS) {
    return TP_E_BAD_PIPELINE;
  }
  profile->spec = *spec;
  profile->links = links;
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
    free(profile->groups[i].watch);
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

static int check_group(const struct tp_profile *profile, const struct tp_group_spec *spec) {
  if (spec->count > TP_GROUP_LIMIT) {
    return TP_E_FULL;
  }
  if (spec->base_plus1 > profile->spec.size) {
    return TP_E_OUT_OF_RANGE;
  }
  for (uint32_t i = 0; i < spec->count; i++) {
    const uint32_t watch = spec->watch_ports == NULL ? TP_NO_WATCH : spec->watch_ports[i];
    if (spec->members[i] >= profile->spec.size || (watch != TP_NO_WATCH && watch >= TP_PORT_DROP)) {
      return TP_E_OUT_OF_RANGE;
    }
  }
  return TP_OK;
}

static bool watches_any(const struct tp_group_spec *spec) {
  for (uint32_t i = 0; spec->watch_ports != NULL && i < spec->count; i++) {
    if (spec->watch_ports[i] != TP_NO_WATCH) {
      return true;
    }
  }
  return false;
}

/* Its own copy of what the host says. */
static int make_group(const struct tp_profile *profile, const struct tp_group_spec *spec,
                      struct tp_group *out) {
  *out = (struct tp_group){.count = spec->count,
                           .base_plus1 = spec->base_plus1,
                           .is_random = spec->is_random,
                           .is_used = true};
  const int checked = check_group(profile, spec);
  if (checked != TP_OK || spec->count == 0) {
    return checked;
  }
  out->members = malloc(spec->count * sizeof *out->members);
  if (out->members == NULL) {
    return TP_E_NO_MEMORY;
  }
  memcpy(out->members, spec->members, spec->count * sizeof *out->members);
  if (!watches_any(spec)) {
    return TP_OK;
  }
  out->watch = malloc(spec->count * sizeof *out->watch);
  if (out->watch == NULL) {
    free(out->members);
    return TP_E_NO_MEMORY;
  }
  for (uint32_t i = 0; i < spec->count; i++) {
    const uint32_t port = spec->watch_ports[i];
    out->watch[i] = (uint16_t)(port == TP_NO_WATCH ? TP_PORT_COUNT : port);
  }
  return TP_OK;
}

static void free_group(struct tp_group *group) {
  free(group->members);
  free(group->watch);
  *group = (struct tp_group){0};
}

/* The index of a group that is free; more of them where none is. */
static int64_t unused_group(struct tp_profile *profile) {
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

int64_t tp_profile_add_group(struct tp_profile *profile, const struct tp_group_spec *spec) {
  struct tp_group group;
  const int made = make_group(profile, spec, &group);
  if (made != TP_OK) {
    return made;
  }
  const int64_t index = unused_group(profile);
  if (index < 0) {
    free_group(&group);
    return index;
  }
  profile->groups[index] = group;
  return index;
}

static struct tp_group *used_group(const struct tp_profile *profile, uint32_t index) {
  return index < profile->group_capacity && profile->groups[index].is_used ? &profile->groups[index]
                                                                           : NULL;
}

int tp_profile_modify_group(struct tp_profile *profile, uint32_t group,
                            const struct tp_group_spec *spec) {
  struct tp_group *found = used_group(profile, group);
  if (found == NULL) {
    return TP_E_NOT_FOUND;
  }
  struct tp_group changed;
  const int made = make_group(profile, spec, &changed);
  if (made == TP_OK) {
    free_group(found);
    *found = changed;
  }
  return made;
}

int tp_profile_remove_group(struct tp_profile *profile, uint32_t group) {
  struct tp_group *found = used_group(profile, group);
  if (found == NULL) {
    return TP_E_NOT_FOUND;
  }
  free_group(found);
  return TP_OK;
}
