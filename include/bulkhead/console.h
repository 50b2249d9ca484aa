/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does a partition's output reach the one UART without costing anybody time?  Each source has a
 * ring of its own.  A write fills the ring at constant cost or is counted as lost.  EL2 drains
 * whole lines, tagged "[name] ", a bounded number of characters at a time and only while the
 * physical FIFO has space: between the end of a switch and the release, and in gaps.  The source
 * that is typed to, the focus, may also show a line that has not ended: its prompt.
 *
 * Portable.  Ownership: the ring's producer is the core that runs the partition; the consumer is
 * the core that owns the UART.  Indices are free-running and published with acquire/release.
 */
#ifndef BULKHEAD_CONSOLE_H
#define BULKHEAD_CONSOLE_H

#include <bulkhead/types.h>

#define CONSOLE_RING_MIN_BYTES 16U
#define CONSOLE_TAG_MAX        31U  /* longer names are cut in tags */
#define CONSOLE_TURN           256U /* longer lines are cut where others wait */

struct console_ring {
    uint8_t *data;
    uint32_t size_bytes; /* power of two */
    uint32_t head;       /* producer, free-running */
    uint32_t tail;       /* consumer, free-running */
    uint32_t line_end;   /* producer: head just past the newest line feed */
    uint64_t lost;       /* producer: characters dropped because the ring was full */
    uint64_t lost_reported;
    const char *tag; /* printed before each line; NULL = none */
    bool raw;        /* while it has the focus: goes out at once, as it is, and others wait */
};

/* Sources that one call looks at: what bounds console_mux_next() whatever their number. */
#define CONSOLE_SCAN 8U

/* The drain's state: which source's line is on the wire. */
struct console_mux {
    struct console_ring *const *ring;
    uint32_t ring_count;
    uint32_t scan;       /* source that was looked at last */
    uint32_t current;    /* source whose line is being printed, or was last */
    bool in_line;        /* a line of `current` has begun */
    uint32_t line_limit; /* in_line: the ring position that may be sent up to */
    bool verbatim;       /* in_line: it goes out as it is */
    uint32_t focus;      /* the source that is typed to; ring_count: none */
    bool settled;        /* what the focus has begun to write it will not end soon */
    bool hold;           /* the focus is raw */
    char text[112];      /* tag, line end, notice or "lost N characters" being sent */
    uint32_t text_length;
    uint32_t text_position;
};

/* `size_bytes` is a power of two, at least CONSOLE_RING_MIN_BYTES. */
void console_ring_init(struct console_ring *ring, uint8_t *data, uint32_t size_bytes,
                       const char *tag);

/*
 * Appends one character; never waits.  When the ring is full it is counted in `lost`; the last
 * place is kept for a line feed, so that a flood still ends its lines.  Unless the ring is raw, NUL
 * is dropped, and so is a CR that follows a CR or a line feed.  O(1).
 */
void console_ring_put(struct console_ring *ring, uint8_t character);

/* Characters that would be taken now, whatever they are; the consumer makes it more.  O(1). */
uint32_t console_ring_room(const struct console_ring *ring);

void console_mux_init(struct console_mux *mux, struct console_ring *const *ring,
                      uint32_t ring_count);

/*
 * The next character for the wire, or -1 when none of the next CONSOLE_SCAN sources is ready.  A
 * source is ready when its ring holds a whole line, or is more than half full, or (flush) holds
 * anything.  Sources take turns line by line; a line that the source has left unfinished, or that
 * has come to CONSOLE_TURN characters, is ended as soon as another is ready.  LF and CR LF from a
 * guest become "\r\n"; after any other CR the tag is sent again, so that no output passes for
 * another partition's by overwriting the tag.  Other control characters pass through.  Losses are a
 * line of their own, "[name] lost N characters", when the ring is down to half or a whole ring's
 * worth was lost.
 *
 * The focus is ready also when it has settled, and while its unfinished line is the last thing on
 * the wire.  Its turn comes after each turn of another, so that what it has to show waits for one
 * turn: CONSOLE_TURN characters, two tags and a loss.  A raw focus is ready with any character, and
 * the wire gets them as they are, without a tag; tagged sources are then ready only when more than
 * half full.  O(CONSOLE_SCAN + tag) at a line's end, O(1) inside a line.
 */
int console_mux_next(struct console_mux *mux, bool flush);

/* Makes `source` the one that is typed to; ring_count: none. */
void console_mux_focus(struct console_mux *mux, uint32_t source);

/* For a text of the kernel's own, between two calls of console_mux_next() and not while
 * console_mux_in_text(): ends a line that is unfinished, then begins the text; what is added to it
 * goes out before anything else.  It takes 100 characters; more are dropped. */
void console_mux_break(struct console_mux *mux);
void console_mux_add(struct console_mux *mux, const char *string);

/* True if the next character is in the midst of a line or text. */
bool console_mux_in_text(const struct console_mux *mux);

/* True if console_mux_next() is O(1): not for a CR, which may have the tag sent again. */
bool console_mux_is_quick(const struct console_mux *mux);

/* True if any source is ready or a line is under way, or if there are more than CONSOLE_SCAN of
 * them, so that nobody can say in time.  O(CONSOLE_SCAN). */
bool console_mux_ready(const struct console_mux *mux);

#endif
