/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which partition is typed to?  One of those with the input.  A control key begins a command that
 * chooses another one; a line on the console says who it is.
 *
 * Portable.  Owner: the boot core.
 */
#ifndef BULKHEAD_CONSOLE_SWITCH_H
#define BULKHEAD_CONSOLE_SWITCH_H

#include <bulkhead/console.h>
#include <bulkhead/module.h>

#define CONSOLE_SWITCH_MAX 255U /* partitions: as many as there are VMIDs */

struct console_switch {
    const struct module_desc *module;
    uint32_t count;
    uint8_t list[CONSOLE_SWITCH_MAX]; /* indices of the partitions with the input, ids ascending */
    uint8_t digit[10];                /* places in the list; CONSOLE_SWITCH_MAX: none */
    uint32_t at;                      /* place in the list of who is typed to */
    bool command;                     /* the switch key was typed */
    uint32_t piece;                   /* of what is to be said, see console_switch.c */
};

/* From the description; announces itself if there is something to choose or a raw terminal. */
void console_switch_init(struct console_switch *input, const struct module_desc *module);

/* Index of the partition that is typed to; module->partition_count: none. */
uint32_t console_switch_target(const struct console_switch *input);

/* A character came in.  True if the target gets it; false if it was part of a command, after which
 * the target may be another.  O(1). */
bool console_switch_take(struct console_switch *input, uint8_t character);

/*
 * Puts the next piece of what is to be said into the mux, between two characters and not while
 * console_mux_in_text().  False if there is nothing to be said.  The pieces of one line follow each
 * other: the caller asks before each character.  O(1): at most 90 characters.
 */
bool console_switch_say(struct console_switch *input, struct console_mux *mux);

/* The last line is to be said: nobody is typed to from here on.  Only after a raw target, whose
 * output has no tag. */
void console_switch_end(struct console_switch *input);

#endif
