/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How do many sources share one wire, line by line, without waiting for each other?
 *
 * A ring: head and line_end are written by the producer only, tail by the consumer only; data
 * between tail and head is stable.  line_end is published after head, so a consumer that reads them
 * in the opposite order never sees a line that is not all there.
 *
 * The mux: `text` goes out before anything else; inside a line, characters go out up to line_limit,
 * which was all there when it was set and, unless verbatim, never cuts CR LF apart.
 */
#include <bulkhead/console.h>

static uint8_t ring_at(const struct console_ring *ring, uint32_t position)
{
    return ring->data[position & (ring->size_bytes - 1U)];
}

void console_ring_init(struct console_ring *ring, uint8_t *data, uint32_t size_bytes,
                       const char *tag)
{
    *ring = (struct console_ring){.data = data, .size_bytes = size_bytes, .tag = tag};
    data[size_bytes - 1U] = '\n'; /* what went before the first character: a line's start */
}

void console_ring_put(struct console_ring *ring, uint8_t character)
{
    uint32_t head = ring->head;
    uint32_t used = head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);

    if (character == '\0' && !ring->raw)
        return;
    if (character == '\r' && !ring->raw) {
        uint8_t last = ring_at(ring, head - 1U);
        if (last == '\r' || last == '\n')
            return;
    }
    if (used >= ring->size_bytes - (character == '\n' ? 0U : 1U)) {
        __atomic_store_n(&ring->lost, ring->lost + 1U, __ATOMIC_RELAXED);
        return;
    }
    ring->data[head & (ring->size_bytes - 1U)] = character;
    __atomic_store_n(&ring->head, head + 1U, __ATOMIC_RELEASE);
    if (character == '\n')
        __atomic_store_n(&ring->line_end, head + 1U, __ATOMIC_RELEASE);
}

uint32_t console_ring_room(const struct console_ring *ring)
{
    uint32_t used = ring->head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
    uint32_t room = ring->size_bytes - used;

    return room != 0 ? room - 1U : 0;
}

static bool is_verbatim(const struct console_mux *mux, uint32_t source)
{
    return source == mux->focus && mux->hold;
}

/* Whether a line without an end may be sent as far as it is there. */
static bool may_begin(const struct console_mux *mux, uint32_t source, uint32_t used, bool flush)
{
    return flush || used > mux->ring[source]->size_bytes / 2U ||
           (source == mux->focus &&
            (mux->settled || mux->hold || (mux->in_line && mux->current == source)));
}

/* How far a source may be sent now: its tail if it is not ready. */
static uint32_t ready_limit(const struct console_mux *mux, uint32_t source, bool flush)
{
    const struct console_ring *ring = mux->ring[source];
    uint32_t line_end = __atomic_load_n(&ring->line_end, __ATOMIC_ACQUIRE);
    uint32_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
    uint32_t tail = ring->tail;
    uint32_t used = head - tail;
    uint32_t length = line_end - tail;

    if (used == 0)
        return tail;
    if (length == 0 || length > used || is_verbatim(mux, source)) {
        if (!may_begin(mux, source, used, flush))
            return tail;
        length = used;
    }
    if (length > CONSOLE_TURN)
        length = CONSOLE_TURN;
    /* What a trailing CR means depends on the character after it. */
    if (ring_at(ring, tail + length - 1U) == '\r' && !is_verbatim(mux, source))
        length--;
    return tail + length;
}

/* Losses that are to be reported now. */
static uint64_t loss_due(const struct console_ring *ring)
{
    uint64_t lost = __atomic_load_n(&ring->lost, __ATOMIC_RELAXED) - ring->lost_reported;
    uint32_t used = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) - ring->tail;
    return used <= ring->size_bytes / 2U || lost >= ring->size_bytes ? lost : 0;
}

/* A raw focus keeps the others off the terminal until they are about to lose something; the
 * kernel, which has no tag, does not wait. */
static bool is_held(const struct console_mux *mux, uint32_t source)
{
    const struct console_ring *ring = mux->ring[source];
    uint32_t used = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) - ring->tail;
    return source != mux->focus && ring->tag != NULL && used <= ring->size_bytes / 2U;
}

static bool source_ready(const struct console_mux *mux, uint32_t source, bool flush)
{
    const struct console_ring *ring = mux->ring[source];
    bool empty = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) == ring->tail;
    /* Most have nothing to say; all of them are looked at, often. */
    if (empty && __atomic_load_n(&ring->lost, __ATOMIC_RELAXED) == ring->lost_reported)
        return false;
    if (mux->hold && !flush && is_held(mux, source))
        return false;
    return ready_limit(mux, source, flush) != ring->tail || loss_due(ring) != 0;
}

/* The next source in turn that is ready, or ring_count if there is none among the CONSOLE_SCAN that
 * are looked at; the next call goes on from there. */
static uint32_t next_source(struct console_mux *mux, bool flush)
{
    for (uint32_t step = 0; step < CONSOLE_SCAN && step < mux->ring_count; step++) {
        mux->scan = mux->scan + 1U < mux->ring_count ? mux->scan + 1U : 0;
        if (source_ready(mux, mux->scan, flush))
            return mux->scan;
    }
    return mux->ring_count;
}

/* Appends to the text being built; never more than fits. */
static void text_add(struct console_mux *mux, const char *string, uint32_t limit)
{
    uint32_t room = (uint32_t)sizeof(mux->text) - mux->text_length;
    char *to = &mux->text[mux->text_length];

    for (limit = limit < room ? limit : room; limit != 0 && *string != '\0'; limit--)
        *to++ = *string++;
    mux->text_length = (uint32_t)(to - mux->text);
}

static void text_add_tag(struct console_mux *mux, const struct console_ring *ring)
{
    if (ring->tag != NULL) {
        text_add(mux, "[", 1);
        text_add(mux, ring->tag, CONSOLE_TAG_MAX);
        text_add(mux, "] ", 2);
    }
}

/* The longest text: tag, "lost ", 20 digits, " characters" and line end, then the next line's tag.
 */
_Static_assert(sizeof(((struct console_mux *)0)->text) >= 2 * (CONSOLE_TAG_MAX + 3) + 5 + 20 + 13,
               "the loss line fits");

static void text_add_loss(struct console_mux *mux, const struct console_ring *ring, uint64_t lost)
{
    char digits[21];
    uint32_t first = sizeof(digits) - 1U;

    digits[first] = '\0';
    do {
        digits[--first] = (char)('0' + lost % 10U);
        lost /= 10U;
    } while (lost != 0);
    text_add_tag(mux, ring);
    text_add(mux, "lost ", 5);
    text_add(mux, &digits[first], 20);
    text_add(mux, " characters\r\n", 13);
}

void console_mux_init(struct console_mux *mux, struct console_ring *const *ring,
                      uint32_t ring_count)
{
    *mux = (struct console_mux){.ring = ring, .ring_count = ring_count};
    mux->current = ring_count != 0 ? ring_count - 1U : 0; /* the first turn is source 0's */
    mux->scan = mux->current;
    mux->focus = ring_count;
}

void console_mux_focus(struct console_mux *mux, uint32_t source)
{
    mux->focus = source;
    mux->settled = false;
    mux->hold = source < mux->ring_count && mux->ring[source]->raw;
    if (mux->in_line && mux->verbatim)
        mux->line_limit = mux->ring[mux->current]->tail; /* the rest goes by the new rule */
}

void console_mux_break(struct console_mux *mux)
{
    mux->text_position = 0;
    mux->text_length = 0;
    if (mux->in_line)
        text_add(mux, "\r\n", 2);
    mux->in_line = false;
}

void console_mux_add(struct console_mux *mux, const char *string)
{
    text_add(mux, string, sizeof(mux->text));
}

/*
 * Begins or continues a line, or says what was lost.  Fails when nothing is ready.
 * Afterwards there is text to send, or line_limit is beyond the tail.
 */
static bool choose(struct console_mux *mux, bool flush)
{
    uint32_t focus = mux->focus;
    bool focus_ready = focus != mux->ring_count && source_ready(mux, focus, flush);
    bool focus_first = focus_ready && mux->current != focus;
    uint32_t source = focus_first ? focus : next_source(mux, flush);

    if (source == mux->ring_count && focus_ready)
        source = focus;
    if (source == mux->ring_count)
        return false;
    struct console_ring *ring = mux->ring[source];
    uint64_t lost = loss_due(ring);
    uint32_t limit = ready_limit(mux, source, flush);

    if (mux->in_line && (source != mux->current || limit == ring->tail)) {
        mux->in_line = false; /* unfinished: its rest begins a line of its own, with a tag */
        text_add(mux, "\r\n", 2);
        if (!focus_first) /* its turn is still to come */
            mux->scan = source != 0 ? source - 1U : mux->ring_count - 1U;
        return true;
    }
    mux->current = source;
    mux->verbatim = is_verbatim(mux, source);
    if (!mux->in_line && lost != 0) {
        ring->lost_reported += lost;
        text_add_loss(mux, ring, lost);
    }
    if (limit == ring->tail)
        return true;
    if (!mux->in_line && !mux->verbatim)
        text_add_tag(mux, ring);
    mux->in_line = true;
    mux->line_limit = limit;
    return true;
}

/* Sends the next character of the line; line_limit is beyond the tail. */
static int line_next(struct console_mux *mux)
{
    struct console_ring *ring = mux->ring[mux->current];
    uint32_t tail = ring->tail;
    uint8_t character = ring_at(ring, tail);

    tail++;
    if (mux->verbatim) {
        __atomic_store_n(&ring->tail, tail, __ATOMIC_RELEASE);
        mux->in_line = character != '\n';
        return character;
    }
    if (character == '\r') {
        /* Something follows: ready_limit() stops before a CR that is last. */
        if (ring_at(ring, tail) != '\n')
            text_add_tag(mux, ring);
        else
            tail++;
    }
    bool end = ring_at(ring, tail - 1U) == '\n';
    __atomic_store_n(&ring->tail, tail, __ATOMIC_RELEASE);
    if (!end)
        return character;
    mux->in_line = false;
    text_add(mux, "\n", 1);
    return '\r';
}

int console_mux_next(struct console_mux *mux, bool flush)
{
    if (mux->text_position == mux->text_length) {
        mux->text_position = 0;
        mux->text_length = 0;
        bool more = mux->in_line && mux->line_limit != mux->ring[mux->current]->tail;
        if (!more && !choose(mux, flush))
            return -1;
    }
    if (mux->text_position != mux->text_length)
        return (unsigned char)mux->text[mux->text_position++];
    return line_next(mux);
}

bool console_mux_in_text(const struct console_mux *mux)
{
    return mux->text_position != mux->text_length ||
           (mux->in_line && mux->line_limit != mux->ring[mux->current]->tail);
}

bool console_mux_is_quick(const struct console_mux *mux)
{
    if (mux->text_position != mux->text_length)
        return true;
    if (!mux->in_line)
        return false;
    const struct console_ring *ring = mux->ring[mux->current];
    return mux->line_limit != ring->tail && (ring_at(ring, ring->tail) != '\r' || mux->verbatim);
}

bool console_mux_ready(const struct console_mux *mux)
{
    if (mux->ring_count > CONSOLE_SCAN || console_mux_in_text(mux))
        return true;
    for (uint32_t source = 0; source < mux->ring_count; source++) {
        if (source_ready(mux, source, false))
            return true;
    }
    return false;
}
