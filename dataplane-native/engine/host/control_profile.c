/* control_profile.c - the host's hold on action profiles; the rest of it is control.c. */
#include "engine_state.h"

/* Takes the lock; the profile, or null with the reason in *result. */
static struct tp_profile *lock_profile(struct tp_engine *engine, uint32_t index, int64_t *result) {
  tp_control_lock(engine);
  const struct tp_pipeline_ops *ops = engine->pipeline.ops;
  *result = ops == NULL ? TP_E_NO_PIPELINE : TP_E_OUT_OF_RANGE;
  return ops != NULL && index < ops->profile_count ? &engine->pipeline.state.profiles[index] : NULL;
}

int64_t tp_member_add(struct tp_engine *engine, uint32_t profile, uint32_t action,
                      const uint64_t *args, uint32_t arg_words) {
  int64_t result;
  struct tp_profile *found = lock_profile(engine, profile, &result);
  return tp_control_leave(
      engine, found == NULL ? result : tp_profile_add_member(found, action, args, arg_words));
}

int tp_member_modify(struct tp_engine *engine, uint32_t profile, uint32_t member, uint32_t action,
                     const uint64_t *args, uint32_t arg_words) {
  int64_t result;
  struct tp_profile *found = lock_profile(engine, profile, &result);
  return (int)tp_control_leave(
      engine,
      found == NULL ? result : tp_profile_modify_member(found, member, action, args, arg_words));
}

int tp_member_remove(struct tp_engine *engine, uint32_t profile, uint32_t member) {
  int64_t result;
  struct tp_profile *found = lock_profile(engine, profile, &result);
  return (int)tp_control_leave(engine,
                               found == NULL ? result : tp_profile_remove_member(found, member));
}

int64_t tp_group_add(struct tp_engine *engine, uint32_t profile, const uint32_t *members,
                     const uint32_t *watch_ports, uint32_t count, uint32_t base_plus1,
                     uint32_t is_random) {
  const struct tp_group_spec spec = {members, watch_ports, count, base_plus1, is_random != 0};
  int64_t result;
  struct tp_profile *found = lock_profile(engine, profile, &result);
  return tp_control_leave(engine, found == NULL ? result : tp_profile_add_group(found, &spec));
}

int tp_group_modify(struct tp_engine *engine, uint32_t profile, uint32_t group,
                    const uint32_t *members, const uint32_t *watch_ports, uint32_t count,
                    uint32_t base_plus1, uint32_t is_random) {
  const struct tp_group_spec spec = {members, watch_ports, count, base_plus1, is_random != 0};
  int64_t result;
  struct tp_profile *found = lock_profile(engine, profile, &result);
  return (int)tp_control_leave(
      engine, found == NULL ? result : tp_profile_modify_group(found, group, &spec));
}

int tp_group_remove(struct tp_engine *engine, uint32_t profile, uint32_t group) {
  int64_t result;
  struct tp_profile *found = lock_profile(engine, profile, &result);
  return (int)tp_control_leave(engine,
                               found == NULL ? result : tp_profile_remove_group(found, group));
}
