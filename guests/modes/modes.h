/* SPDX-License-Identifier: Apache-2.0 */
/* What do the parts of guests/modes share? */
#ifndef MODES_H
#define MODES_H

#include <guest.h>

#include <bulkhead/abi.h>

/* Parameter 0: what the guest does. */
enum role { ROLE_SCRIPT, ROLE_EACH_FRAME, ROLE_LAST_INSTANTS, ROLE_WHOLE_FRAMES };

/* BH_MODULE_SCHEDULE_STATUS. */
struct mode_status {
    int64_t result;
    uint64_t switched; /* counter */
    uint64_t present;
    uint64_t next;
};

struct mode_status mode_status(void);

static inline int64_t mode_set(uint64_t schedule)
{
    return (int64_t)hvc(BH_SET_MODULE_SCHEDULE, schedule, 0, 0).x[0];
}

/* BH_MODULE_SCHEDULE_ID: the result, and *schedule where that is 0. */
int64_t mode_find(const char *name, uint64_t *schedule);

/* Spins until another window than `window` has come, and reads it. */
void next_window(struct guest_window *window);

void script(void);
void change_each_frame(void);
void change_in_last_instants(void);
void change_in_whole_frames(void);

#endif
