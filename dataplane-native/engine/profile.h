/*
 * profile.h - action profiles and selectors: actions that entries refer to instead of having their
 * own, one by one or as groups of which each frame's hash chooses a member.
 *
 * An entry of a table with a profile has an enum tp_reference for its action, and the member's or
 * group's index for its only argument. A reference to what is not there, and a group without
 * members, do nothing: nothing here is out of bounds whatever the host does.
 */
#ifndef TIMEPLANE_PROFILE_H
#define TIMEPLANE_PROFILE_H

#include "pipeline.h"
#include "table.h"

enum tp_reference { TP_REFERS_TO_MEMBER = 0, TP_REFERS_TO_GROUP = 1 };

/* Members of one group, each as often as its weight says. */
#define TP_GROUP_LIMIT 65536u

struct tp_member {
  uint32_t action; /* TP_ACTION_NONE: a member that is not there */
  uint32_t next_free;
  uint64_t words[]; /* arguments: spec.arg_words */
};
_Static_assert(sizeof(struct tp_member) == 8, "tp_member_at counts on it");

struct tp_group {
  uint32_t *members;
  uint32_t count;
  bool is_used;
};

struct tp_profile {
  struct tp_profile_spec spec;
  unsigned char *members; /* spec.size of them, and one that does nothing */
  uint32_t free_head_plus1;
  uint32_t fresh; /* members from here on were never used */
  struct tp_group *groups;
  uint32_t group_capacity;
};

/* --- control operations (profile.c): 0 or an index, or a negative TP_E… of engine.h ------------
 */

/* TP_E_NO_MEMORY, TP_E_BAD_PIPELINE. */
int tp_profile_open(struct tp_profile *profile, const struct tp_profile_spec *spec);
void tp_profile_close(struct tp_profile *profile);
/* TP_E_FULL, TP_E_OUT_OF_RANGE: more arguments than any action has. */
int64_t tp_profile_add_member(struct tp_profile *profile, uint32_t action, const uint64_t *args,
                              uint32_t arg_words);
/* TP_E_NOT_FOUND. */
int tp_profile_modify_member(struct tp_profile *profile, uint32_t member, uint32_t action,
                             const uint64_t *args, uint32_t arg_words);
int tp_profile_remove_member(struct tp_profile *profile, uint32_t member);
/* TP_E_OUT_OF_RANGE: a member that cannot be. TP_E_FULL: more than TP_GROUP_LIMIT of them. */
int64_t tp_profile_add_group(struct tp_profile *profile, const uint32_t *members, uint32_t count);
int tp_profile_modify_group(struct tp_profile *profile, uint32_t group, const uint32_t *members,
                            uint32_t count);
int tp_profile_remove_group(struct tp_profile *profile, uint32_t group);

/* --- what pipelines do ------------------------------------------------------------------------ */

TP_INLINE struct tp_member *tp_member_at(const struct tp_profile *profile, uint64_t index,
                                         uint32_t arg_words) {
  const size_t octets = sizeof(struct tp_member) + arg_words * sizeof(uint64_t);
  const uint64_t nothing = profile->spec.size;
  return (struct tp_member *)(void *)(profile->members +
                                      (index < nothing ? index : nothing) * octets);
}

/* The member whose action an entry runs; never null. `hash` is looked at for groups alone. */
TP_INLINE const struct tp_member *tp_profile_choose(const struct tp_profile *profile,
                                                    const struct tp_entry *entry, uint64_t hash,
                                                    uint32_t arg_words) {
  if (entry == NULL) {
    return tp_member_at(profile, profile->spec.size, arg_words);
  }
  uint64_t index = entry->words[0];
  if (entry->action == TP_REFERS_TO_GROUP) {
    const struct tp_group *group = index < profile->group_capacity ? &profile->groups[index] : NULL;
    index = group == NULL || group->count == 0 ? profile->spec.size
                                               : group->members[hash % group->count];
  }
  return tp_member_at(profile, index, arg_words);
}

/* Whether the choice needs the hash. */
TP_INLINE bool tp_entry_has_group(const struct tp_entry *entry) {
  return entry != NULL && entry->action == TP_REFERS_TO_GROUP;
}

#endif
