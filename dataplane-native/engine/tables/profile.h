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
#include "tables/table.h"

enum tp_reference { TP_REFERS_TO_MEMBER = 0, TP_REFERS_TO_GROUP = 1 };

/* Members of one group, each as often as its weight says. */
#define TP_GROUP_LIMIT 65536u

struct tp_member {
  uint32_t action; /* TP_ACTION_NONE: a member that is not there */
  uint32_t next_free;
  uint64_t words[]; /* arguments: spec.arg_words */
};
_Static_assert(sizeof(struct tp_member) == 8, "tp_member_at counts on it");

/* A group without members, or of which no watched link is up, does nothing. */
struct tp_group {
  uint32_t *members;
  uint16_t *watch; /* for each member the port on whose link it depends, TP_PORT_COUNT: on none;
                    * null: no member depends on one */
  uint32_t count;
  uint32_t base_plus1; /* the member whose action runs before that of the chosen one; 0: none */
  uint64_t draws;      /* so far, of one that is random; loops draw at the same time */
  bool is_random;      /* a member for each frame by chance, not by its hash */
  bool is_used;
};

/* What a group is made of, by its host. */
struct tp_group_spec {
  const uint32_t *members;
  const uint32_t *watch_ports; /* TP_NO_WATCH: none; null: none at all */
  uint32_t count;
  uint32_t base_plus1;
  bool is_random;
};

struct tp_profile {
  struct tp_profile_spec spec;
  unsigned char *members; /* spec.size of them, and one that does nothing */
  uint32_t free_head_plus1;
  uint32_t fresh; /* members from here on were never used */
  struct tp_group *groups;
  uint32_t group_capacity;
  const uint8_t *links; /* by port: 1 while its link is up; written by the loops */
};

/* --- control operations (profile.c): 0 or an index, or a negative TP_E… of engine.h ------------
 */

/* TP_E_NO_MEMORY, TP_E_BAD_PIPELINE. */
int tp_profile_open(struct tp_profile *profile, const struct tp_profile_spec *spec,
                    const uint8_t *links);
void tp_profile_close(struct tp_profile *profile);
/* TP_E_FULL, TP_E_OUT_OF_RANGE: more arguments than any action has. */
int64_t tp_profile_add_member(struct tp_profile *profile, uint32_t action, const uint64_t *args,
                              uint32_t arg_words);
/* TP_E_NOT_FOUND. */
int tp_profile_modify_member(struct tp_profile *profile, uint32_t member, uint32_t action,
                             const uint64_t *args, uint32_t arg_words);
int tp_profile_remove_member(struct tp_profile *profile, uint32_t member);
/* TP_E_OUT_OF_RANGE: a member or port that cannot be. TP_E_FULL: more than TP_GROUP_LIMIT of them.
 */
int64_t tp_profile_add_group(struct tp_profile *profile, const struct tp_group_spec *spec);
int tp_profile_modify_group(struct tp_profile *profile, uint32_t group,
                            const struct tp_group_spec *spec);
int tp_profile_remove_group(struct tp_profile *profile, uint32_t group);

/* --- what pipelines do ------------------------------------------------------------------------ */

TP_INLINE struct tp_member *tp_member_at(const struct tp_profile *profile, uint64_t index,
                                         uint32_t arg_words) {
  const size_t octets = sizeof(struct tp_member) + arg_words * sizeof(uint64_t);
  const uint64_t nothing = profile->spec.size;
  return (struct tp_member *)(void *)(profile->members +
                                      (index < nothing ? index : nothing) * octets);
}

TP_INLINE bool tp_is_alive(const struct tp_profile *profile, const struct tp_group *group,
                           uint32_t at) {
  const uint16_t port = group->watch[at];
  return port >= TP_PORT_COUNT || __atomic_load_n(&profile->links[port], __ATOMIC_RELAXED) != 0;
}

/* Of a group whose members depend on links. Who was chosen while all were up still is: only the
 * flows of members whose link is down are spread over the others. */
static __attribute__((noinline, unused)) uint32_t
tp_group_choose_alive(const struct tp_profile *profile, const struct tp_group *group,
                      uint64_t hash) {
  const uint32_t first = (uint32_t)(hash % group->count);
  if (tp_is_alive(profile, group, first)) {
    return group->members[first];
  }
  uint32_t alive = 0;
  for (uint32_t i = 0; i < group->count; i++) {
    alive += tp_is_alive(profile, group, i) ? 1u : 0u;
  }
  uint64_t left = alive == 0 ? 0 : (hash / group->count) % alive;
  for (uint32_t i = 0; alive != 0 && i < group->count; i++) {
    if (tp_is_alive(profile, group, i) && left-- == 0) {
      return group->members[i];
    }
  }
  return profile->spec.size; /* none, or the last one went down just now */
}

/* A number by chance: SplitMix64 of how many were drawn. */
static __attribute__((noinline, unused)) uint64_t tp_group_draw(struct tp_group *group) {
  const uint64_t step = UINT64_C(0x9e3779b97f4a7c15);
  uint64_t mixed = __atomic_add_fetch(&group->draws, step, __ATOMIC_RELAXED);
  mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
  return mixed ^ (mixed >> 31);
}

/* The group that an entry refers to, or null. */
TP_INLINE struct tp_group *tp_profile_group(const struct tp_profile *profile,
                                            const struct tp_entry *entry) {
  const bool is_group = entry != NULL && entry->action == TP_REFERS_TO_GROUP;
  return is_group && entry->words[0] < profile->group_capacity ? &profile->groups[entry->words[0]]
                                                               : NULL;
}

/* The member whose action runs first, or null. */
TP_INLINE const struct tp_member *tp_profile_base(const struct tp_profile *profile,
                                                  const struct tp_entry *entry,
                                                  uint32_t arg_words) {
  const struct tp_group *group = tp_profile_group(profile, entry);
  return group == NULL || group->base_plus1 == 0
             ? NULL
             : tp_member_at(profile, group->base_plus1 - 1, arg_words);
}

/* The member whose action an entry runs; never null. `hash` is looked at for groups alone. */
TP_INLINE const struct tp_member *tp_profile_choose(const struct tp_profile *profile,
                                                    const struct tp_entry *entry, uint64_t hash,
                                                    uint32_t arg_words) {
  if (entry == NULL) {
    return tp_member_at(profile, profile->spec.size, arg_words);
  }
  if (entry->action != TP_REFERS_TO_GROUP) {
    return tp_member_at(profile, entry->words[0], arg_words);
  }
  struct tp_group *group = tp_profile_group(profile, entry);
  if (group == NULL || group->count == 0) {
    return tp_member_at(profile, profile->spec.size, arg_words);
  }
  const uint64_t choice = group->is_random ? tp_group_draw(group) : hash;
  const uint32_t member = group->watch == NULL ? group->members[choice % group->count]
                                               : tp_group_choose_alive(profile, group, choice);
  return tp_member_at(profile, member, arg_words);
}

/* Whether the choice needs the hash. */
TP_INLINE bool tp_entry_has_group(const struct tp_entry *entry) {
  return entry != NULL && entry->action == TP_REFERS_TO_GROUP;
}

#endif
